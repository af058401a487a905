import { setTimeout as sleep } from 'node:timers/promises';

/** How long to keep trying, and how often. */
export interface Patience {
  readonly withinMs?: number;
  readonly everyMs?: number;
}

/** Repeats `attempt` until it neither throws nor hangs, and returns what it returned; after `withinMs` the last failure is the error. */
export async function eventually<T>(attempt: () => Promise<T> | T, { withinMs = 10_000, everyMs = 50 }: Patience = {}): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (let last: unknown = 'the first attempt hung'; ; await sleep(everyMs)) {
    const left = deadline - performance.now();
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
