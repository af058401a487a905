import type { ApiError } from '../../controllers/runtime/errors.ts';
import { around, type ApiRequest, type Transport } from '../../controllers/runtime/transport.ts';
import type { WatchBatch } from '../../controllers/runtime/watch-stream.ts';

/** Something that stands between an engine and the API server. */
export type Wrap = (inner: Transport) => Transport;

/** Whether a call may change something. Events are told on the side: nothing depends on one. */
export const isWrite = ({ method, path }: ApiRequest): boolean => method !== 'GET' && !path.endsWith('/events');

/** The watch of some paths lags behind the world. */
export const laggingWatch =
  (ms: number, path: RegExp): Wrap =>
  (inner) =>
    around(inner, {
      async *watch(request, signal) {
        for await (const batch of inner.watch(request, signal)) {
          if (path.test(request.path) && batch.length > 0) await pause(ms);
          yield batch;
        }
      },
    });

/** Each write takes this much longer before it is sent. */
export const slowWrites =
  (ms: number): Wrap =>
  (inner) =>
    around(inner, {
      async request(request, signal) {
        if (isWrite(request)) await pause(ms);
        return inner.request(request, signal);
      },
    });

/** The nth event of a path is swallowed by a connection that stays healthy; `lost` tells which one it was. */
export function swallowEvent(nth: number, path: RegExp, lost: (what: string) => void): Wrap {
  let seen = 0;
  const keep = (batch: WatchBatch): WatchBatch =>
    batch.filter((event) => {
      if (event.type === 'BOOKMARK' || event.type === 'ERROR') return true;
      seen += 1;
      if (seen === nth) lost(`${event.type} ${event.object.metadata.name}`);
      return seen !== nth;
    });
  return (inner) =>
    around(inner, {
      async *watch(request, signal) {
        for await (const batch of inner.watch(request, signal)) yield path.test(request.path) ? keep(batch) : batch;
      },
    });
}

/** Answers the first writes that match with an error of the API server, as often as asked. */
export function refuseWrites(times: number, matching: (request: ApiRequest) => boolean, error: () => ApiError): Wrap {
  let left = times;
  return (inner) =>
    around(inner, {
      async request(request, signal) {
        if (!isWrite(request) || !matching(request) || left === 0) return inner.request(request, signal);
        left -= 1;
        throw error();
      },
    });
}

/**
 * An API server that lags behind: the first read of each collection shows the world as it was when it was photographed,
 * and the watch that follows catches up only after the time given for it. What a fresh process may meet after a fail-over.
 */
export function staleStart(memory: ReadonlyMap<string, WatchBatch>, ms: (path: string) => number): Wrap {
  const shown = new Set<string>();
  return (inner) =>
    around(inner, {
      async *watch(request, signal) {
        const old = memory.get(request.path);
        if (old === undefined || shown.has(request.path)) {
          yield* inner.watch(request, signal);
          return;
        }
        shown.add(request.path);
        yield old;
        await pause(ms(request.path));
      },
    });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
