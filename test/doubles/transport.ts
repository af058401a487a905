import { ApiError } from '../../controllers/runtime/errors.ts';
import type { ApiRequest, Transport } from '../../controllers/runtime/transport.ts';
import type { WatchBatch, WatchEvent } from '../../controllers/runtime/watch-stream.ts';
import type { K8sObject } from '../../api/meta/object.ts';

/** One watch that a script holds open. */
export interface ScriptedWatch {
  readonly request: ApiRequest;
  send(...events: readonly WatchEvent[]): void;
  end(): void;
  fail(error: ApiError): void;
  readonly open: boolean;
}

/** A transport whose answers the test writes. */
export interface ScriptedTransport extends Transport {
  readonly watches: readonly ScriptedWatch[];
  readonly requests: readonly ApiRequest[];
}

type Answer = (request: ApiRequest, signal?: AbortSignal) => unknown;

/** Calls are answered by the given function; watches wait for the test to feed them. `onWatch` may feed or refuse each at its start. */
export function scriptedTransport(
  options: { readonly answer?: Answer; readonly onWatch?: (watch: ScriptedWatch) => void } = {},
): ScriptedTransport {
  const watches: ScriptedWatch[] = [];
  const requests: ApiRequest[] = [];
  return {
    watches,
    requests,
    async request(request, signal) {
      requests.push(request);
      return options.answer?.(request, signal);
    },
    async *watch(request, signal) {
      const queue: (WatchBatch | Error | 'end')[] = [];
      let wake = () => {};
      let open = true;
      const put = (item: WatchBatch | Error | 'end') => (queue.push(item), wake());
      const watch: ScriptedWatch = {
        request,
        send: (...events) => put(events),
        end: () => put('end'),
        fail: put,
        get open() {
          return open;
        },
      };
      watches.push(watch);
      options.onWatch?.(watch);
      signal.addEventListener('abort', () => put(new ApiError(0, 'Aborted', 'aborted')), { once: true });
      try {
        for (;;) {
          const item = queue.shift();
          if (item === undefined) await new Promise<void>((resolve) => (wake = resolve));
          else if (item === 'end') return;
          else if (item instanceof Error) throw item;
          else yield item;
        }
      } finally {
        open = false;
      }
    },
    close: () => Promise.resolve(),
  };
}

/** The bookmark that ends the initial events of a streamed list. */
export const initialEnd = (resourceVersion: string): WatchEvent => ({ type: 'BOOKMARK', resourceVersion, endsInitialEvents: true });

/** An ordinary sign of life. */
export const bookmark = (resourceVersion: string): WatchEvent => ({ type: 'BOOKMARK', resourceVersion, endsInitialEvents: false });

/** An object event. */
export const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: K8sObject): WatchEvent => ({ type, object });
