import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isGone, THIS_PROCESS } from '../../test/env/container.ts';
import { SetupError } from './steps.ts';

/** Does something that two must not do at once here: the second one is told who is at it. */
export async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  take(lock);
  const release = (): void => rmSync(lock, { force: true });
  process.once('exit', release);
  try {
    await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function take(lock: string): void {
  const own = `${lock}.${process.pid}`;
  write(own);
  try {
    if (link(own, lock)) return;
    const holder = readLock(lock);
    if (!isGone(holder)) throw new SetupError(busy(lock, holder));
    if (!takeAway(lock, holder, `${own}.dead`) || !link(own, lock)) throw new SetupError(QUICKER);
  } finally {
    rmSync(own, { force: true });
  }
}

/** Two may find the same dead holder: what one of them takes away must not be what the other has just put there. */
function takeAway(lock: string, holder: string, aside: string): boolean {
  try {
    renameSync(lock, aside);
  } catch {
    return false;
  }
  const isDead = readFileSync(aside, 'utf8') === holder;
  if (!isDead) link(aside, lock);
  rmSync(aside);
  return isDead;
}

/** Beside the lock at first, so that nobody ever reads half of a name there. */
function write(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, THIS_PROCESS);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SetupError(
      `${dirname(file)} can't be written to (${why}): where another user made it, run this as that user, or give it away with chown.`,
    );
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function readLock(lock: string): string {
  try {
    return readFileSync(lock, 'utf8');
  } catch {
    throw new SetupError(QUICKER);
  }
}

const QUICKER = 'Somebody else was quicker: try again.';

const busy = (lock: string, holder: string): string =>
  `Process ${holder.split(' ').at(-1)} is at it right now: wait until it has ended, then try again. If there is no such process, remove ${lock}.`;
