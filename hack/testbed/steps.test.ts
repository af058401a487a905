import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';

/** A program of ours that runs a long one, and tells its number. */
const PROGRAM = `import { run } from '${import.meta.dirname}/steps.ts';
await run('sh', ['-c', 'echo $$; exec sleep 60'], { onLine: console.log });`;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a long program', () => {
  it('ends with whoever runs it', async () => {
    const runner = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(runner, 'exit');
    const [line] = (await once(runner.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).to.equal(true);
    runner.kill('SIGTERM');
    expect(await ended).to.deep.equal([null, 'SIGTERM']);
    expect(isAlive(pid)).to.equal(false);
  });
});
