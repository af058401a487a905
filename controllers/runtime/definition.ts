import type { ApplyConfig, K8sObject, Resource } from '../../api/meta/object.ts';
import type { Reader } from './caches.ts';
import type { Writer } from './children.ts';
import type { Conditioned, StatusRule } from './conditions.ts';
import type { GaugeSpec } from './gauges.ts';
import type { Selection } from './informer.ts';
import type { Logger } from './log.ts';
import type { LostOwner } from './lost.ts';
import type { Outcome } from './outcome.ts';
import { CONTROLLER_LABEL } from './ownership.ts';
import type { Predicate } from './predicates.ts';
import type { PolicyRule } from './rbac.ts';
import { servedUnder } from './resource.ts';

/** What a step works with. Facts are its findings: status.ts alone turns them into conditions. */
export interface Scope<T extends Conditioned, F> {
  readonly object: T;
  readonly facts: F;
  readonly cache: Reader;
  readonly client: Writer;
  readonly now: Date;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** One named part of a pass: reads, decides by a pure function, writes, notes facts. */
export type Step<T extends Conditioned, F> = (scope: Scope<T, F>) => Promise<Outcome | void>;

/** A resource whose objects concern the controller, and the keys of its own objects that each one concerns. */
export interface Watched {
  readonly resource: Resource;
  readonly selection: Selection;
  /** Changes that are in no hurry, such as those with every act of a guest, and how long after the last pass they call for one. */
  readonly calm?: { readonly ms: number; readonly of: Predicate };
  /** Never taken away by a step: such children go with the namespace that they stand in. */
  readonly stays?: boolean;
  /** Which of its changes count; all if left out. */
  readonly when?: Predicate;
  /** Absent for children: their label names the owner. */
  readonly concerns?: (object: K8sObject, cache: Reader) => readonly string[];
}

/** Everything the engine has to know of a controller, on one screen. */
export interface ControllerSpec<T extends Conditioned, F> {
  /** Names the field manager, the metrics, the lease and `--controllers=`. */
  readonly name: string;
  readonly for: Resource<T>;
  /** Which changes of the object itself call for a pass. Its arrival and its end always do. */
  readonly when: Predicate<T>;
  /** Other objects of the kind that this one's coming, changing or going concerns: those that compete with it for something. */
  readonly rivals?: { readonly when: Predicate<T>; readonly whom: (object: T, cache: Reader, previous?: T) => readonly string[] };
  readonly owns?: readonly ((controller: string) => Watched)[];
  readonly watches?: readonly Watched[];
  /** What the steps do besides keeping children, status and finalizer: all else follows from this description. */
  readonly rbac?: readonly PolicyRule[];
  /** Objects that exist whenever the controller runs: made if absent, never changed. */
  readonly seeds?: readonly ApplyConfig<T>[];
  /** Facts before the first step. */
  readonly facts: () => F;
  /** The steps for an object, in order; pure. */
  readonly plan: (object: T, now: Date) => readonly Step<T, F>[];
  /** The steps before an object may go; having some implies a finalizer. */
  readonly ending?: readonly Step<T, F>[];
  /** An owner that is gone and left children behind that nobody collects: its `ending` runs for this in its stead, without a status. */
  readonly lost?: (owner: LostOwner, now: Date) => T;
  /** Whether anything will ever be made for this object; if not, it is left without a finalizer. Without this, always. */
  readonly concernsUs?: (object: T, cache: Reader) => boolean;
  readonly status: StatusRule<T, F>;
  /** Conditions that should not be there: their appearance is worth a warning. */
  readonly warns?: readonly string[];
  /** What Prometheus is told about the objects. */
  readonly gauges?: readonly GaugeSpec[];
  /** How many objects at once; 1 unless the steps mostly wait for others. */
  readonly concurrency?: number;
  readonly timeoutMs?: number;
}

/** What is special about children of a kind. */
interface Children<W extends K8sObject> extends Pick<Watched, 'stays'> {
  /** The namespace in which all of them stand. */
  readonly namespace?: string;
  readonly calm?: { readonly ms: number; readonly of: Predicate<W> };
}

/** Children of this kind: cached by the controller's label alone, so that a busy cluster's other objects cost nothing. */
export const byOwnerLabel =
  <W extends K8sObject>(resource: Resource<W>, { namespace, calm, ...options }: Children<W> = {}) =>
  (controller: string): Watched => ({
    ...options,
    resource,
    selection: { labels: `${CONTROLLER_LABEL}=${controller}`, ...(namespace === undefined ? {} : { namespace }) },
    ...(calm === undefined ? {} : { calm: { ms: calm.ms, of: servedAs(resource, calm.of) } }),
  });

/** A predicate over a kind, for objects as caches hold them. */
const servedAs =
  <W extends K8sObject>(resource: Resource<W>, predicate: Predicate<W>): Predicate =>
  (previous, next) =>
    predicate(servedUnder(resource, previous), servedUnder(resource, next));

/** Objects that are not ours but matter: each one's changes wake the objects that it concerns. */
export function mapTo<W extends K8sObject>(
  resource: Resource<W>,
  concerns: (object: W, cache: Reader) => readonly string[],
  selection: Selection = {},
  when: Predicate<W> = () => true,
): Watched {
  return {
    resource,
    selection,
    when: servedAs(resource, when),
    concerns: (object, cache) => concerns(servedUnder(resource, object), cache),
  };
}
