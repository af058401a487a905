import { backoffMs } from './backoff.ts';
import { sleep, type Clock } from './clock.ts';
import { ApiError, describe } from './errors.ts';
import type { Logger } from './log.ts';
import type { Transport } from './transport.ts';

/** What waits to be sent, one after the other: a process that loses its lease has no burst of events on the way. */
export interface Outbox {
  /** Never fails and never waits. */
  put(path: string, body: object): void;
  /** Whether there is no room for another one. */
  isFull(): boolean;
  /** Resolves once nothing waits any more, or after a moment. Nothing is sent afterwards. */
  flushed(): Promise<void>;
}

/** What events are sent through. */
export interface OutboxOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly userAgent: string;
}

/** What may wait at once, some 16 MB: every object of a large realm may change with one restart, and events are sent one by one. */
const LARGEST_BACKLOG = 10_000;
/** Half of what a successor may take. */
const FLUSH_MS = 1_000;
/** Between two tries: an outage holds up all that wait, and uses none of them up. */
const BACKOFF = { firstMs: 200, longestMs: 10_000 };
/** A minute of pauses: one that alone is refused again and again must not hold up all others for longer. */
const MOST_REFUSALS = 12;
/** Kubernetes forgets events after an hour: what was not taken for as long is of no use any more, and may be why nothing is. */
const OLDEST_MS = 3_600_000;

/** An outbox with nothing in it. */
export function createOutbox({ transport, clock, log, userAgent }: OutboxOptions): Outbox {
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  let overflows = false;
  let loses = false;
  const [ending, over] = [new AbortController(), new AbortController()];
  const send = async (path: string, body: object): Promise<void> => {
    let refusals = 0;
    const since = clock.now();
    for (let tries = 1; !over.signal.aborted; tries++) {
      try {
        await transport.request({ method: 'POST', path, body, userAgent });
        loses = false;
        return;
      } catch (error) {
        if (!isWorthWaiting(error)) return log.debug('Could not record an event', { cause: describe(error) });
        // Without an answer nothing is known against it: the others would fare no better.
        if (error.code !== 0) refusals += 1;
        if (refusals === MOST_REFUSALS || clock.now() - since >= OLDEST_MS) return lose(error);
        // The end wakes it for one more try at once; the pauses after that one are cut off when the end is over.
        const pauseMs = Math.max(backoffMs(tries, BACKOFF), error.retryAfterMs ?? 0);
        await sleep(clock, pauseMs, (ending.signal.aborted ? over : ending).signal);
      }
    }
  };
  const lose = (error: ApiError): void => {
    if (!loses) log.warn('Events are lost: the API server does not take them', { cause: describe(error) });
    loses = true;
  };
  return {
    put(path, body) {
      waiting += 1;
      last = last.then(() => send(path, body)).finally(() => (waiting -= 1));
    },
    isFull() {
      const full = waiting >= LARGEST_BACKLOG;
      if (full && !overflows) log.warn('Events are lost: the API server takes them more slowly than they come');
      overflows = full || (overflows && waiting > 0);
      return full;
    },
    async flushed() {
      const enough = Promise.withResolvers<void>();
      using _ = clock.timer(FLUSH_MS, enough.resolve);
      ending.abort();
      await Promise.race([last, enough.promise]);
      over.abort();
      if (waiting > 0) log.warn('Events are lost: the API server did not take them before the end', { events: waiting });
    },
  };
}

/** No answer, too much asked, or a server in trouble: later it will be taken. A namespace on its way out takes no events. */
const isWorthWaiting = (error: unknown): error is ApiError =>
  error instanceof ApiError && (error.code === 0 || error.code === 429 || error.code >= 500) && error.reason !== 'NotLeader';
