import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRunning } from '../../test/env/container.ts';
import { SetupError } from './steps.ts';

/** Does something that two must not do at once here: the second one is told who is at it. */
export async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  mkdirSync(dirname(lock), { recursive: true });
  if (!take(lock)) {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (isRunning(holder)) throw new SetupError(`Process ${holder} is at it right now: wait until it has ended, then try again.`);
    rmSync(lock, { force: true });
    if (!take(lock)) throw new SetupError('Somebody else was quicker: try again.');
  }
  const release = (): void => rmSync(lock, { force: true });
  process.once('exit', release);
  try {
    await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}
