import type { K8sObject } from '../../api/meta/object.ts';
import { ApiError } from './errors.ts';
import { isObject } from './resource.ts';

/** One object came, changed or went. */
export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: K8sObject;
}
/** Whatever a line of a watch can say. */
export type WatchEvent =
  | ObjectEvent
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly endsInitialEvents: boolean }
  | { readonly type: 'ERROR'; readonly error: ApiError };

/** What one chunk of bytes completed; often nothing. */
export type WatchBatch = readonly WatchEvent[];

/** A watch is one JSON object a line. */
const NEWLINE = 0x0a;
/** An object is at most 1.5 MiB in etcd and may double as JSON; a line beyond this is no object but a runaway. */
const LONGEST_LINE = 16 * 1024 * 1024;
/** How long parsing may keep the event loop to itself before everything else gets a turn. */
const TURN_MS = 8;

/** Splits a watch's body into events. A line that is no event ends the watch: what was lost with it must be listed again. */
export async function* watchEvents(body: AsyncIterable<Buffer>): AsyncGenerator<WatchBatch> {
  let pieces: Buffer[] = [];
  let held = 0;
  for await (const chunk of body) {
    let batch: WatchEvent[] = [];
    let turn = performance.now();
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      batch.push(parse(Buffer.concat([...pieces, chunk.subarray(start, end)])));
      pieces = [];
      held = 0;
      start = end + 1;
      if (performance.now() - turn < TURN_MS) continue;
      yield batch;
      batch = [];
      await new Promise((resolve) => setImmediate(resolve));
      turn = performance.now();
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > LONGEST_LINE) throw new ApiError(0, 'LineTooLong', `The watch sent a line of more than ${LONGEST_LINE} bytes`);
    yield batch;
  }
}

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

function parse(line: Buffer): WatchEvent {
  const { type, object } = asEvent(line);
  if (type === 'ERROR') return { type, error: ApiError.fromStatus(0, object) };
  if (!isObject(object)) throw garbled();
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') return { type, object };
  if (type !== 'BOOKMARK') throw garbled();
  const { resourceVersion, annotations } = object.metadata;
  return { type, resourceVersion, endsInitialEvents: annotations?.[INITIAL_EVENTS_END] === 'true' };
}

function asEvent(line: Buffer): { readonly type: unknown; readonly object: unknown } {
  let event: unknown;
  try {
    event = JSON.parse(line.toString('utf8'));
  } catch {
    throw garbled();
  }
  if (typeof event === 'object' && event !== null && 'type' in event && 'object' in event) return event;
  throw garbled();
}

const garbled = (): ApiError => new ApiError(0, 'GarbledWatch', 'The watch sent a line that is no event');
