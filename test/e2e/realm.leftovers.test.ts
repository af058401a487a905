import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { attempt } from '../../hack/testbed/steps.ts';
import { prepareRealms } from '../../hack/testbed/testbed.ts';
import { FOLDER_LABEL, removeBelongings, removeLeftovers } from '../env/belongings.ts';
import { eventually } from '../env/eventually.ts';
import { startRealm } from '../env/realm.ts';

const BEGIN = `
  import { startRealm } from './test/env/realm.ts';
  const { workDir } = await startRealm({ name: 'begun' });
  console.log(JSON.stringify({ workDir }));
  setInterval(() => undefined, 1000);
`;

interface Begun {
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

/** What Docker still has that belongs to a realm's folder; volumes of nodes have no name that tells. */
const left = (folder: string): string =>
  [
    ['ps', '--all'],
    ['network', 'ls'],
    ['volume', 'ls'],
  ]
    .map((args) => docked(...args, '--quiet', '--filter', `label=${FOLDER_LABEL}=${folder}`))
    .join('');

function docked(...args: readonly string[]): string {
  const { ok, output } = attempt('docker', ...args);
  expect(ok, output).to.equal(true);
  return output;
}

describe('a realm leaves nothing behind', function () {
  this.timeout(300_000);

  it('when its process is interrupted', async () => {
    const { workDir } = await endedBy('SIGINT');
    expect(left(workDir)).to.equal('');
    expect(existsSync(workDir)).to.equal(false);
  });

  it('when its process is interrupted while it starts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keystone-half-'));
    const begin = BEGIN.replace("{ name: 'begun' }", JSON.stringify({ name: basename(folder).toLowerCase(), keepIn: folder }));
    const child = spawn(process.execPath, ['--input-type=module', '--eval', begin], { stdio: ['ignore', 'ignore', 'inherit'] });
    const ended = once(child, 'exit');
    try {
      await eventually(() => expect(left(folder)).not.to.equal(''), { withinMs: 30_000 });
      child.kill('SIGINT');
      // Who sees nothing happen asks again.
      await pause(300);
      child.kill('SIGINT');
      await ended;
      expect(left(folder)).to.equal('');
      expect(existsSync(folder)).to.equal(false);
    } finally {
      child.kill('SIGKILL');
      await ended;
      await removeBelongings(folder);
    }
  });

  it('when it cannot start, and takes nothing of others along', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keystone-busy-'));
    const name = basename(folder).toLowerCase();
    const { image } = await prepareRealms();
    expect(attempt('docker', 'create', '--name', `${name}-2`, image).ok).to.equal(true);
    try {
      const failure = await startRealm({ name, nodes: 3, keepIn: folder }).catch((error: unknown) => String(error).split('\n')[0]);
      expect(failure).to.match(/keystone-busy.* in use/);
      expect(docked('ps', '--all', '--format', '{{.Names}}', '--filter', `name=${name}`)).to.equal(`${name}-2`);
      expect(left(folder)).to.equal('');
    } finally {
      attempt('docker', 'rm', '--volumes', `${name}-2`);
    }
  });

  it('when its process is killed, as soon as another one starts', async () => {
    const { workDir } = await endedBy('SIGKILL');
    expect(left(workDir)).not.to.equal('');
    await removeLeftovers();
    expect(left(workDir)).to.equal('');
    expect(existsSync(workDir)).to.equal(false);
  });
});
