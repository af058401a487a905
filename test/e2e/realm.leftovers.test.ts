import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { attempt } from '../../hack/testbed/steps.ts';
import { prepareRealms } from '../../hack/testbed/testbed.ts';
import { removeLeftovers } from '../env/belongings.ts';
import { eventually } from '../env/eventually.ts';
import { startRealm } from '../env/realm.ts';

const BEGIN = `
  import { startRealm } from './test/env/realm.ts';
  const { name, workDir } = await startRealm({ name: 'begun' });
  console.log(JSON.stringify({ name, workDir }));
  setInterval(() => undefined, 1000);
`;

interface Begun {
  readonly name: string;
  readonly workDir: string;
}

/** Starts a realm in a process of its own, ends that by a signal, and tells what it had begun. */
async function endedBy(signal: NodeJS.Signals): Promise<Begun> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', BEGIN], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout }))
      if (line.startsWith('{')) {
        const begun = JSON.parse(line) as Begun;
        child.kill(signal);
        await once(child, 'exit');
        return begun;
      }
    throw new Error('the realm did not start');
  } finally {
    child.kill('SIGKILL');
  }
}

/** What Docker still has under a name, whoever made it. */
const left = (name: string): string =>
  [
    ['ps', '--all', '--quiet', '--filter', `name=${name}`],
    ['network', 'ls', '--quiet', '--filter', `name=${name}`],
    ['volume', 'ls', '--quiet', '--filter', `name=${name}`],
  ]
    .map((args) => attempt('docker', ...args).output)
    .join('');

describe('a realm leaves nothing behind', function () {
  this.timeout(120_000);

  it('when its process is interrupted', async () => {
    const { name, workDir } = await endedBy('SIGINT');
    expect(left(name)).to.equal('');
    expect(existsSync(workDir)).to.equal(false);
  });

  it('when its process is interrupted while it starts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keystone-half-'));
    const begin = BEGIN.replace("{ name: 'begun' }", JSON.stringify({ name: basename(folder).toLowerCase(), keepIn: folder }));
    const child = spawn(process.execPath, ['--input-type=module', '--eval', begin], { stdio: ['ignore', 'ignore', 'inherit'] });
    await eventually(() => expect(left(basename(folder).toLowerCase())).not.to.equal(''), { withinMs: 30_000 });
    child.kill('SIGINT');
    await once(child, 'exit');
    expect(left(basename(folder).toLowerCase())).to.equal('');
    expect(existsSync(folder)).to.equal(false);
  });

  it('when it cannot start, and takes nothing of others along', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keystone-busy-'));
    const name = basename(folder).toLowerCase();
    const { image } = await prepareRealms();
    expect(attempt('docker', 'create', '--name', `${name}-2`, image).ok).to.equal(true);
    try {
      const failure = await startRealm({ name, nodes: 3, keepIn: folder }).catch((error: unknown) => String(error).split('\n')[0]);
      expect(failure).to.match(/keystone-busy.* in use/);
      expect(attempt('docker', 'ps', '--all', '--format', '{{.Names}}', '--filter', `name=${name}`).output).to.equal(`${name}-2`);
      expect(attempt('docker', 'network', 'ls', '--quiet', '--filter', `name=${name}`).output).to.equal('');
      expect(attempt('docker', 'volume', 'ls', '--quiet', '--filter', `name=${name}`).output).to.equal('');
    } finally {
      attempt('docker', 'rm', '--volumes', `${name}-2`);
    }
  });

  it('when its process is killed, as soon as another one starts', async () => {
    const { name, workDir } = await endedBy('SIGKILL');
    expect(left(name)).not.to.equal('');
    await removeLeftovers();
    expect(left(name)).to.equal('');
    expect(existsSync(workDir)).to.equal(false);
  });
});
