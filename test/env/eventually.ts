import { setTimeout as sleep } from 'node:timers/promises';

/** How long to keep trying, and how often: ever less often unless it is said. */
export interface Patience {
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/** Many tests that ask 20 times a second cost a server more than what they test; a tenth of what was waited already is no loss. */
const pauseAfter = (waitedMs: number): number => Math.min(Math.max(waitedMs / 10, 20), 250);

/** Repeats `attempt` until it neither throws nor hangs, and returns what it returned; after `withinMs` the last failure is the error. */
export async function eventually<T>(attempt: () => Promise<T> | T, { withinMs = 30_000, everyMs }: Patience = {}): Promise<T> {
  const since = performance.now();
  for (let last: unknown = 'the first attempt hung'; ; await sleep(everyMs ?? pauseAfter(performance.now() - since))) {
    const left = since + withinMs - performance.now();
    if (left <= 0) throw new Error(`still not so after ${withinMs} ms: ${textOf(last)}`, { cause: last });
    try {
      return await beforeDeadline(attempt, left, last);
    } catch (error) {
      last = error;
    }
  }
}

/** One attempt that hangs must not outlive the deadline of all; what failed before it says more than that it hung. */
async function beforeDeadline<T>(attempt: () => Promise<T> | T, leftMs: number, last: unknown): Promise<T> {
  const timer = new AbortController();
  const late = sleep(leftMs, undefined, { signal: timer.signal }).then(() => {
    throw last;
  });
  // Aborting the timer rejects it after the race is over.
  late.catch(() => undefined);
  try {
    return await Promise.race([attempt(), late]);
  } finally {
    timer.abort();
  }
}

function textOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

/** It is waited for later; what became of it shows then. */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
