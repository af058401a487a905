import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Condition, K8sObject, Resource } from '../../api/meta/object.ts';
import { clip, LONGEST_MESSAGE } from './errors.ts';
import { createEventLimits } from './event-limits.ts';
import { createOutbox, type OutboxOptions } from './event-outbox.ts';
import { apiVersionOf, collectionPath } from './resource.ts';
import { microTime } from './timestamps.ts';

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
export interface EventOptions extends OutboxOptions {
  readonly controller: string;
}

const Event: Resource = { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
/** Events of what has no namespace are kept here: all of Kubernetes does so. */
const NOWHERE = 'default';
/** The API server's own limit; that of the note is the one of a condition's message. */
const LONGEST_NAME = 253;

/** A recorder in the name of one controller. */
export function createEventRecorder(options: EventOptions): EventRecorder {
  const { clock, controller } = options;
  const limits = createEventLimits(clock);
  const origin = (now: Date) => ({
    eventTime: microTime(now),
    reportingController: `keystone.io/${controller}`,
    reportingInstance: hostname(),
  });
  const outbox = createOutbox(options);
  return {
    record(resource, object, happenings) {
      for (const happening of happenings) {
        if (outbox.isFull() || !limits.admits(object.metadata.uid, happening)) continue;
        const event = { ...eventOf(resource, object, happening), ...origin(clock.date()) };
        outbox.put(collectionPath(Event, event.metadata.namespace), event);
      }
    },
    flushed: () => outbox.flushed(),
  };
}

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
    note: clip(note, LONGEST_MESSAGE),
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
