/** What a step has to say beyond "go on". Failures are thrown. */
export type Outcome =
  | { readonly kind: 'done' }
  /** All is said: the steps that follow are for others. */
  | { readonly kind: 'enough' }
  /** Go on, and look again by then: the earliest of all steps counts. */
  | { readonly kind: 'again'; readonly afterMs: number }
  /** Stop here: something that is not ours has to happen first. A watch wakes us, or the given time does. */
  | { readonly kind: 'wait'; readonly reason: string; readonly message: string; readonly afterMs?: number };

/** Nothing more to say: the next step may go on. */
export const done: Outcome = { kind: 'done' };

/** All is said, and nothing is waited for: no further step. */
export const enough: Outcome = { kind: 'enough' };

/** Go on, and look again after this long. */
export const requeueAfter = (afterMs: number): Outcome => ({ kind: 'again', afterMs });

/** A machine that slept, or a clock that was set, makes every timer late: however far the moment is, it is looked at by then. */
const LONGEST_WAIT_MS = 300_000;

/** Go on, and look again at this moment (RFC 3339), or earlier. */
export const requeueAt = (moment: string, now: Date): Outcome =>
  requeueAfter(Math.min(LONGEST_WAIT_MS, Math.max(0, Date.parse(moment) - now.getTime())));

/** Stop here and say why. */
export const waitFor = (reason: string, message: string, afterMs?: number): Outcome =>
  afterMs === undefined ? { kind: 'wait', reason, message } : { kind: 'wait', reason, message, afterMs };

/** The earlier of two times to look again. */
export const sooner = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);
