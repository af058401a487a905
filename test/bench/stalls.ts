/** The longest time for which the event loop belonged to one task. */
export interface Stall {
  /** In processor time of the main thread: what the code is to blame for. */
  readonly cpuMs: number;
  /** In time that passed: what the machine's other work adds. */
  readonly wallMs: number;
}

/** How often the loop is asked for a sign of life; a tenth of the shortest stall that would matter. */
const BEAT_MS = 5;

/**
 * Watches for stalls until the process ends. Between two beats lies at most what one turn of the loop took plus the interval: what is
 * told is never less than the longest turn, and at most an interval more.
 */
export function watchForStalls(): () => Stall {
  let longest: Stall = { cpuMs: 0, wallMs: 0 };
  let last = { cpu: cpuMs(), wall: performance.now() };
  const beat = (): void => {
    const now = { cpu: cpuMs(), wall: performance.now() };
    longest = { cpuMs: Math.max(longest.cpuMs, now.cpu - last.cpu), wallMs: Math.max(longest.wallMs, now.wall - last.wall) };
    last = now;
  };
  setInterval(beat, BEAT_MS).unref();
  return () => longest;
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
