/** The only source of time in the engine, so that a test can make an hour pass in a millisecond. */
export interface Clock {
  /** Monotonic milliseconds: for delays, never for what a user reads. */
  now(): number;
  /** The wall clock: for what a user reads and for validity windows. */
  date(): Date;
  /** Calls back once after the delay; disposing cancels. */
  timer(ms: number, callback: () => void): Disposable;
}

/** setTimeout fires at once for anything longer than this (24.8 days). */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  timer(ms, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_TIMER));
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
};

/** Resolves after the delay, or at once when the signal aborts: the caller looks at the signal anyway. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const wake = () => {
      timer[Symbol.dispose]();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = clock.timer(ms, wake);
    signal?.addEventListener('abort', wake, { once: true });
  });
}

/** Resolves once a signal has aborted. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
