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

/** Keeps what a run has measured for the next one. */
export function keepTimes(fresh: Times): void {
  mkdirSync(dirname(KEPT_IN), { recursive: true });
  writeFileSync(KEPT_IN, JSON.stringify({ ...readTimes(), ...fresh }));
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
