import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../../controllers/runtime/errors.ts';
import { around, type ApiRequest } from '../../controllers/runtime/transport.ts';
import type { WatchBatch, WatchEvent } from '../../controllers/runtime/watch-stream.ts';
import { isWrite, type Wrap } from '../env/disturbances.ts';
import { noAnswer, type Refusal } from './writes.ts';

/** How a watch breaks. */
export interface Break {
  /** The path of the collection. */
  readonly path: string;
  /** After how many events. */
  readonly after: number;
  /** How long what happens is lost. */
  readonly gapMs: number;
  readonly error: () => ApiError;
  readonly struck: () => void;
}

/** A connection that broke: the watch goes on where it was. */
export const broken = noAnswer;
/** The version from which it could go on is forgotten: what happened meanwhile is never told, only what came of it. */
export const forgotten = (): ApiError => new ApiError(410, 'Expired', 'Too old resource version');

/** Breaks the watch of a collection once, after its nth event; whatever comes until it is watched again falls into the gap. */
export function breakAfter({ path, after, gapMs, error, struck }: Break): Wrap {
  let seen = 0;
  let done = false;
  return (inner) =>
    around(inner, {
      async *watch(request, signal) {
        for await (const batch of inner.watch(request, signal)) {
          yield batch;
          if (request.path !== path || done) continue;
          seen += batch.filter(({ type }) => type !== 'BOOKMARK').length;
          if (seen < after) continue;
          done = true;
          struck();
          await sleep(gapMs);
          throw error();
        }
      },
    });
}

/** Delivers what all watches say in bundles; of what became of one object within a bundle, only the last is told. */
export const inBundles =
  (everyMs: number, merged: () => void): Wrap =>
  (inner) =>
    around(inner, {
      async *watch(request, signal) {
        let pending: WatchEvent[] = [];
        let end: { readonly error?: ApiError } | undefined;
        const pump = async (): Promise<void> => {
          for await (const batch of inner.watch(request, signal)) pending.push(...batch);
        };
        void pump().then(
          () => (end = {}),
          (error: unknown) => (end = { error: ApiError.from(error) }),
        );
        for (;;) {
          await sleep(everyMs);
          const batch = lastOfEach(pending);
          if (batch.length < pending.length) merged();
          pending = [];
          yield batch;
          if (end?.error !== undefined) throw end.error;
          if (end !== undefined) return;
        }
      },
    });

/** As if read anew at the end: one that came and changed came as it is now, and one that came and went was never there. */
export function lastOfEach(events: readonly WatchEvent[]): WatchBatch {
  const first = new Map<string, WatchEvent>();
  const last = new Map<string, WatchEvent>();
  for (const event of events) {
    if (event.type === 'BOOKMARK' || event.type === 'ERROR') continue;
    const { uid } = event.object.metadata;
    if (!first.has(uid)) first.set(uid, event);
    last.set(uid, event);
  }
  return events.flatMap((event): WatchBatch => {
    if (event.type === 'BOOKMARK' || event.type === 'ERROR') return [event];
    const { uid } = event.object.metadata;
    if (last.get(uid) !== event) return [];
    const isNew = first.get(uid)?.type === 'ADDED';
    if (!isNew) return [event];
    return event.type === 'DELETED' ? [] : [{ ...event, type: 'ADDED' }];
  });
}

/** Breaks all watches at the nth write, and refuses so many of those that are asked for next. */
export function refuseWatchesFrom({ nth, times, error, struck }: Refusal): Wrap {
  const breaker = new AbortController();
  let writes = 0;
  let left = times;
  return (inner) =>
    around(inner, {
      request(request, signal) {
        if (isWrite(request) && (writes += 1) === nth) breaker.abort();
        return inner.request(request, signal);
      },
      async *watch(request: ApiRequest, signal) {
        if (breaker.signal.aborted && left > 0) {
          left -= 1;
          struck();
          throw error();
        }
        const before = !breaker.signal.aborted;
        try {
          yield* inner.watch(request, before ? AbortSignal.any([signal, breaker.signal]) : signal);
        } catch (thrown) {
          throw before && breaker.signal.aborted && !signal.aborted ? broken() : thrown;
        }
      },
    });
}

/** Refuses to send collections as streams, as an API server does that does not have that. */
export const refuseStreams =
  (struck: () => void): Wrap =>
  (inner) =>
    around(inner, {
      async *watch(request, signal) {
        if (request.query?.['sendInitialEvents'] === true) {
          struck();
          throw new ApiError(422, 'Invalid', 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled');
        }
        yield* inner.watch(request, signal);
      },
    });
