/** Doubles from `first` to `longest`, spread by a tenth either way so that many failures do not come back in step. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** The delay after the given number of failures, the first being 1. */
export function backoffMs(failures: number, limits: BackoffLimits, random: () => number = Math.random): number {
  // Beyond 2^40 times the first delay any limit is long reached; the cap keeps the power finite.
  const delay = Math.min(limits.firstMs * 2 ** Math.min(failures - 1, 40), limits.longestMs);
  return delay * (0.9 + 0.2 * random());
}

/** Between one and two times the given time: what many do at an interval must not happen at one moment. */
export const jittered = (ms: number, random: () => number = Math.random): number => ms * (1 + random());
