import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Milliseconds that each test file took when it last ran on this machine. */
export type Times = Readonly<Record<string, number>>;

const KEPT_IN = '.cache/test-times.json';
/** Where nothing has run yet, a file's size stands for its time. */
const MS_PER_BYTE = 2;

/** What was measured here before; nothing at first, and a file that somebody has spoilt is as good as none. */
export function readTimes(): Times {
  try {
    const kept: unknown = JSON.parse(readFileSync(KEPT_IN, 'utf8'));
    return Object.fromEntries(Object.entries(kept ?? {}).filter(([, ms]) => typeof ms === 'number'));
  } catch {
    return {};
  }
}

/** Keeps what a run has measured for the next one; tests that ran are worth more than how long they took. */
export function keepTimes(fresh: Times, file = KEPT_IN, warn: (text: string) => void = console.warn): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ ...readTimes(), ...fresh }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    warn(`What each test file took is not kept (${why}): where another user made ${file}, remove it, or give it away with chown.`);
  }
}

/** Deals files out so that each process gets about as much to do: the longest first, each to whoever has least. */
export function share(files: readonly string[], processes: number, times: Times): readonly (readonly string[])[] {
  const parts = Array.from({ length: Math.min(processes, files.length) }, (): { ms: number; files: string[] } => ({ ms: 0, files: [] }));
  const weighed = files.map((path) => ({ path, ms: times[path] ?? statSync(path).size * MS_PER_BYTE })).toSorted((a, b) => b.ms - a.ms);
  for (const { path, ms } of weighed) {
    const part = parts.reduce((least, other) => (other.ms < least.ms ? other : least));
    part.ms += ms;
    part.files.push(path);
  }
  return parts.map((part) => part.files);
}
