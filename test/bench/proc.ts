import { readFileSync } from 'node:fs';

/** What Linux counts in: 100 ticks a second on every architecture that Node runs on. */
const TICKS_A_SECOND = 100;

/** Processor seconds that a process has used, in user and kernel mode, over all its threads; from the text of /proc/PID/stat. */
export function cpuSecondsOf(stat: string): number {
  // The second field is the program's name, which may hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** A size from the text of /proc/PID/status, in bytes. */
export function bytesOf(status: string, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? NaN) * 1024;
}

/** Processor seconds of a process that runs. */
export const cpuSeconds = (pid: number): number => cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));

/** What a process that runs holds in memory now, and held at most. */
export function memoryOf(pid: number): { readonly rss: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { rss: bytesOf(status, 'VmRSS'), peak: bytesOf(status, 'VmHWM') };
}
