import { backoffMs } from './backoff.ts';
import { ApiError, TerminalError, describe, isConflict } from './errors.ts';
import type { Logger } from './log.ts';
import type { PassResult } from './pass.ts';
import type { WorkQueue } from './workqueue.ts';

/** Decides what happens to a key after a pass. */
export type Requeue = (key: string, priority: number, result: PassResult, log: Logger) => void;

/** controller-runtime's first; a far shorter last, since one call a minute costs nothing and a mended world is noticed sooner. */
const BACKOFF = { firstMs: 5, longestMs: 60_000 };

/** The one place that does, for the keys of this queue. */
export function createRequeue(queue: WorkQueue): Requeue {
  const failures = new Map<string, number>();
  // What was said of those that only a human can mend.
  const gaveUp = new Map<string, string>();
  return (key, priority, result, log) => {
    if (result.kind !== 'failed') {
      failures.delete(key);
      gaveUp.delete(key);
      if (result.kind === 'again') queue.add(key, { afterMs: result.afterMs, priority });
      return;
    }
    const { error } = result;
    if (error instanceof TerminalError) {
      failures.delete(key);
      // However often others' changes call for a pass: said once.
      if (gaveUp.get(key) !== error.message) log.warn('Gave up until the object changes', { reason: error.reason, cause: describe(error) });
      gaveUp.set(key, error.message);
      return;
    }
    gaveUp.delete(key);
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    queue.add(key, { afterMs: Math.max(asked, backoffMs(count, BACKOFF)), priority });
    // A lost race is settled by looking again: nobody has to read of it.
    log[isConflict(error) ? 'debug' : 'warn']('Failed, trying again', { failures: count, cause: describe(error) });
  };
}
