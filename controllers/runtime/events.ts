import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Condition, K8sObject, Resource } from '../../api/meta/object.ts';
import { backoffMs } from './backoff.ts';
import { sleep, type Clock } from './clock.ts';
import { ApiError, LONGEST_MESSAGE, describe } from './errors.ts';
import { createEventLimits } from './event-limits.ts';
import type { Logger } from './log.ts';
import { apiVersionOf, collectionPath } from './resource.ts';
import { microTime } from './timestamps.ts';
import type { Transport } from './transport.ts';

/** Something that happened to an object, in the words of the condition that tells of it. */
export interface Happening {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
}

/** Tells people what happened, where `kubectl describe` shows it. */
export interface EventRecorder {
  /** Never fails and never waits: an event is not worth a pass. */
  record(resource: Resource, object: K8sObject, happenings: readonly Happening[]): void;
  /** Resolves once nothing is on its way any more, or after a moment: whoever takes over waits for it. Nothing is told afterwards. */
  flushed(): Promise<void>;
}

/** What events are sent through, and in whose name. */
export interface EventOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly controller: string;
  readonly userAgent: string;
}

const Event: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
/** Events of what has no namespace are kept here: all of Kubernetes does so. */
const NOWHERE = 'default';
/** What may wait at once, some 16 MB: every object of a large realm may change with one restart, and events are sent one by one. */
const LARGEST_BACKLOG = 10_000;
/** Half of what a successor may take. */
const FLUSH_MS = 1_000;
/** Between two tries: an outage holds up all that wait, instead of using them up. */
const BACKOFF = { firstMs: 200, longestMs: 10_000 };
/** A minute of pauses: one that alone is never taken must not hold up all others for longer. */
const TRIES = 12;
/** The API server's own limit; that of the note is the one of a condition's message. */
const LONGEST_NAME = 253;

/** A recorder in the name of one controller. */
export function createEventRecorder({ transport, clock, log, controller, userAgent }: EventOptions): EventRecorder {
  const limits = createEventLimits(clock);
  const origin = (now: Date) => ({
    eventTime: microTime(now),
    reportingController: `keystone.io/${controller}`,
    reportingInstance: hostname(),
  });
  // One after the other: a process that loses its lease has no burst of them on the way.
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  let overflows = false;
  let loses = false;
  const [ending, over] = [new AbortController(), new AbortController()];
  const send = async (path: string, body: object): Promise<void> => {
    for (let tries = 1; !over.signal.aborted; tries++) {
      try {
        await transport.request({ method: 'POST', path, body, userAgent });
        loses = false;
        return;
      } catch (error) {
        if (!isWorthWaiting(error)) return log.debug('Could not record an event', { cause: describe(error) });
        if (tries === TRIES) return lose(error);
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
  const isFull = (): boolean => {
    const full = waiting >= LARGEST_BACKLOG;
    if (full && !overflows) log.warn('Events are lost: the API server takes them more slowly than they come');
    overflows = full || (overflows && waiting > 0);
    return full;
  };
  return {
    record(resource, object, happenings) {
      for (const happening of happenings) {
        if (isFull() || !limits.admits(object.metadata.uid, happening)) continue;
        const event = { ...eventOf(resource, object, happening), ...origin(clock.date()) };
        waiting += 1;
        last = last.then(() => send(collectionPath(Event, event.metadata.namespace), event)).finally(() => (waiting -= 1));
      }
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

function eventOf(resource: Resource, { metadata }: K8sObject, { type, reason, note }: Happening) {
  const { name, namespace, uid, resourceVersion } = metadata;
  const suffix = randomBytes(8).toString('hex');
  return {
    apiVersion: apiVersionOf(Event),
    kind: Event.kind,
    metadata: {
      name: `${name.slice(0, LONGEST_NAME - suffix.length - 1).replace(/[-.]+$/, '')}.${suffix}`,
      namespace: namespace ?? NOWHERE,
    },
    action: 'Reconcile',
    type,
    reason,
    note: note.slice(0, LONGEST_MESSAGE),
    regarding: {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
    },
  };
}

/** The conditions that repeat Ready under another name. */
const ECHOES = new Set(['Reconciling', 'Stalled']);

/**
 * What is worth telling of a status that changes: another Ready or another reason for it, something positive that is lost,
 * something abnormal that appears. What merely comes into being, or is said in other words, is in the status.
 */
export function happeningsOf(
  before: readonly Condition[],
  after: readonly Condition[],
  abnormal: ReadonlySet<string>,
  failed: boolean,
): readonly Happening[] {
  const changes = after.flatMap((condition): readonly Happening[] => {
    const previous = before.find(({ type }) => type === condition.type);
    const severity = ECHOES.has(condition.type)
      ? undefined
      : severityOf(previous, condition, { abnormal: abnormal.has(condition.type), failed });
    return severity === undefined ? [] : [{ type: severity, reason: condition.reason, note: condition.message }];
  });
  // Several conditions may change for one reason: that is one thing that happened, and Ready, which comes first, says how grave it is.
  return changes.filter(({ reason }, i) => changes.findIndex((other) => other.reason === reason) === i);
}

function severityOf(
  previous: Condition | undefined,
  { type, status, reason }: Condition,
  { abnormal, failed }: { readonly abnormal: boolean; readonly failed: boolean },
): Happening['type'] | undefined {
  const before = previous?.status;
  if (type !== 'Ready') return status !== before && (abnormal ? status === 'True' : before === 'True') ? 'Warning' : undefined;
  if (status === before && reason === previous?.reason) return undefined;
  return failed ? 'Warning' : 'Normal';
}
