import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { attempt } from '../../hack/testbed/steps.ts';
import { removeLeftovers } from '../env/container.ts';

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

/** What Docker still has under a name. */
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

  it('when its process is killed, as soon as another one starts', async () => {
    const { name, workDir } = await endedBy('SIGKILL');
    expect(left(name)).not.to.equal('');
    await removeLeftovers();
    expect(left(name)).to.equal('');
    expect(existsSync(workDir)).to.equal(false);
  });
});
