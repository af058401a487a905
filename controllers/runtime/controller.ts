import { randomUUID } from 'node:crypto';
import type { ApplyConfig, ConditionedStatus, K8sObject, Resource } from '../../api/meta/object.ts';
import { BY_UID, createReader, type Caches, type Reader } from './caches.ts';
import type { ApplyMemory } from './children.ts';
import { isLostKey, lostKey, lostOwners, type LostOwners } from './lost.ts';
import { createMeter, type Meter } from './meter.ts';
import { stopwatch, type Metrics } from './metrics.ts';
import { createClient, type Client, type ClientIdentity } from './client.ts';
import type { Clock } from './clock.ts';
import type { Conditioned, Halt } from './conditions.ts';
import { createGate } from './consistency.ts';
import { createDeadline } from './deadline.ts';
import type { ControllerSpec, Watched } from './definition.ts';
import { isAlreadyExists } from './errors.ts';
import { showGauges } from './gauges.ts';
import { createEventRecorder, happeningsOf, type EventRecorder } from './events.ts';
import type { Informer, Selection } from './informer.ts';
import type { Logger } from './log.ts';
import { ownerUidOf } from './ownership.ts';
import { createOwnWords } from './own-words.ts';
import type { Predicate } from './predicates.ts';
import { finalizerOf, runLost, runPass, type PassContext, type PassMoment, type PassResult } from './pass.ts';
import { impliedRules, type PolicyRule } from './rbac.ts';
import { createReadyTime, type ReadyTime } from './ready-time.ts';
import { createRequeue, type Requeue } from './requeue.ts';
import { keyOf, nameOf, servedUnder } from './resource.ts';
import type { Transport } from './transport.ts';
import type { Change } from './store.ts';
import { giveTurn, hurry } from './turns.ts';
import { LOW_PRIORITY, NORMAL_PRIORITY, createWorkQueue, type Work, type WorkQueue } from './workqueue.ts';

/** What a controller runs on. */
export interface Engine {
  readonly transport: Transport;
  readonly caches: Caches;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Product and version, as the API server's audit log shows them. */
  readonly userAgent: string;
}

/** A controller ready to be wired: declares its informers first, so that all can be read before any works. */
export interface Controller {
  readonly name: string;
  readonly resource: Resource;
  readonly rbac: readonly PolicyRule[];
  wire(engine: Engine): Worker;
}

/** A wired controller. `run` works until the signal aborts, finishes what it has begun, and resolves. */
export interface Worker {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
  /** How many objects wait for a pass now or are in one; those that wait for their time do not count. */
  readonly backlog: number;
}

/** One object's passes keep this distance: a child that flaps must not take all the time there is. */
const MIN_INTERVAL_MS = 100;
/** Caches hear of an owner and its children one by one: what is still there so long after its owner was left behind in fact. */
const LOST_AFTER_MS = 2_000;
/** No pass may hold its worker longer. */
const TIMEOUT_MS = 60_000;
/** One that took too long must be able to say so. */
const LAST_WORDS_MS = 10_000;

const failed = (error: unknown): PassResult => ({ kind: 'failed', error });

/** Makes a controller from its description. */
export const defineController = <T extends Conditioned, F>(spec: ControllerSpec<T, F>): Controller => ({
  name: spec.name,
  resource: spec.for,
  rbac: [...impliedRules(spec), ...(spec.rbac ?? [])],
  wire: (engine) => new ControllerWorker(spec, engine),
});

class ControllerWorker<T extends Conditioned, F> implements Worker {
  readonly name: string;
  readonly #spec: ControllerSpec<T, F>;
  readonly #engine: Engine;
  readonly #meter: Meter;
  readonly #readyTime: ReadyTime;
  readonly #events: EventRecorder;
  readonly #queue: WorkQueue;
  readonly #requeue: Requeue;
  readonly #informers = new Map<string, Informer>();
  readonly #primary: Informer;
  readonly #context: Omit<PassContext, 'client' | 'statusClient' | 'memory'>;
  /** What was applied, by owner. */
  readonly #memories = new Map<string, ApplyMemory>();
  readonly #lost: LostOwners | undefined;
  readonly #seeds: ReadonlyMap<string, ApplyConfig<T>>;
  readonly #identity: ClientIdentity;
  readonly #lastStart = new Map<string, number>();
  readonly #words = createOwnWords();
  #runs = false;

  constructor(spec: ControllerSpec<T, F>, engine: Engine) {
    this.name = spec.name;
    this.#spec = spec;
    this.#engine = engine;
    this.#readyTime = createReadyTime(engine.clock, (seconds) => this.#meter.ready(seconds));
    this.#meter = createMeter(engine.metrics, spec.name, spec.concurrency ?? 1, () => this.#queue);
    this.#queue = createWorkQueue(engine.clock, this.#meter.queue);
    this.#requeue = createRequeue(this.#queue);
    this.#primary = this.#use(spec.for);
    const cache = createReader(this.#informers);
    this.#seeds = new Map((spec.seeds ?? []).map((seed) => [keyOf(seed), seed]));
    this.#identity = { fieldManager: `keystone-${spec.name}`, userAgent: `${engine.userAgent} (${spec.name})` };
    this.#context = {
      cache,
      informers: this.#informers,
      gate: createGate(this.#informers),
      meter: this.#meter,
      says: (object, status) => this.#words.say(object, status),
      tell: (object, status, halt) => this.#tell(object, status, halt),
      found: (object, status) => this.#readyTime.found(keyOf(object), status),
    };
    this.#events = createEventRecorder({ ...engine, controller: spec.name, userAgent: this.#identity.userAgent });
    const owned = (spec.owns ?? []).map((declare) => declare(spec.name));
    if (spec.lost !== undefined) {
      const children = owned.map(({ resource }) => resource);
      this.#lost = lostOwners(spec.for, children, this.#informers);
      this.#primary.subscribe((change) => {
        if (change.kind !== 'deleted') return;
        const key = lostKey(change.previous.metadata.uid);
        // Its name is never used again: one that left nothing must not wait in the queue of one who does not lead.
        if (this.#lost?.find(key) !== undefined) this.#queue.add(key, { afterMs: LOST_AFTER_MS });
      });
    }
    this.#subscribeToOwn(cache);
    for (const watched of [...owned, ...(spec.watches ?? [])]) this.#subscribeTo(watched, cache);
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#runs = true;
    for (const key of this.#seeds.keys()) if (this.#primary.get(key) === undefined) this.#queue.add(key);
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    if (signal.aborted) this.#queue.close();
    using _ = showGauges(this.#engine.metrics, this.#spec.gauges ?? [], this.#context.cache);
    await Promise.all(Array.from({ length: this.#spec.concurrency ?? 1 }, () => this.#work(signal)));
    await this.#events.flushed();
  }

  #tell(object: Conditioned, { conditions = [] }: ConditionedStatus, halt: Halt | undefined): void {
    const failed = halt?.kind === 'failed' || halt?.kind === 'terminal';
    const happenings = happeningsOf(object.status?.conditions ?? [], conditions, new Set(this.#spec.warns), failed);
    this.#events.record(this.#spec.for, object, happenings);
  }

  get backlog(): number {
    return this.#queue.depth + this.#queue.active;
  }

  #use(resource: Resource, selection: Selection = {}): Informer {
    if (this.#informers.has(nameOf(resource))) throw new Error(`Controller ${this.name} declares ${nameOf(resource)} twice`);
    const informer = this.#engine.caches.informer(resource, selection);
    this.#informers.set(nameOf(resource), informer);
    return informer;
  }

  #subscribeToOwn(cache: Reader): void {
    const { for: resource, when, rivals } = this.#spec;
    const passes = (predicate: Predicate<T>, change: Change<K8sObject>): boolean =>
      change.kind !== 'updated' || predicate(servedUnder(resource, change.previous), servedUnder(resource, change.next));
    this.#primary.subscribe((change, initial) => {
      const object = servedUnder(resource, change.kind === 'deleted' ? change.previous : change.next);
      if (passes(when, change) || this.#wasLetGo(change) || this.#words.isByOthers(change))
        this.#wake(keyOf(object), { priority: priorityOf(initial) });
      // At the start everything is looked at anyway; what is read anew later tells of changes that were missed.
      if (rivals === undefined || !this.#primary.hasSynced || !passes(rivals.when, change)) return;
      const previous = change.kind === 'updated' ? servedUnder(resource, change.previous) : undefined;
      for (const key of rivals.whom(object, cache, previous)) this.#wake(key);
    });
  }

  /** A key for the queue, unless nobody works yet and it stands for nothing: who waits for a lease for months must not collect all that ever was. */
  #wake(key: string, options?: Parameters<WorkQueue['add']>[1]): void {
    if (this.#runs || this.#primary.get(key) !== undefined || this.#lost?.find(key) !== undefined) this.#queue.add(key, options);
    else this.#queue.drop(key);
  }

  /** Somebody took our finalizer away, as a replace by a file without it does: that changes no generation. */
  #wasLetGo(change: Change<K8sObject>): boolean {
    const finalizer = finalizerOf(this.#spec);
    const isHeld = ({ metadata }: K8sObject): boolean => metadata.finalizers?.includes(finalizer) === true;
    return change.kind === 'updated' && isHeld(change.previous) && !isHeld(change.next);
  }

  /** A changed object concerns whom it concerned before and whom it concerns now. */
  #subscribeTo({ resource, selection, when = () => true, concerns, calm }: Watched, cache: Reader): void {
    const ownersOf = (child: K8sObject): readonly string[] => {
      const owners = this.#primary.find(BY_UID, ownerUidOf(child) ?? '').map(keyOf);
      return owners.length > 0 ? owners : (this.#lost?.keysOf(child) ?? []);
    };
    const keysOf = (object: K8sObject) => concerns?.(object, cache) ?? ownersOf(object);
    this.#use(resource, selection).subscribe((change, initial) => {
      if (change.kind === 'updated' && !when(change.previous, change.next)) return;
      const calmMs = change.kind === 'updated' && calm?.of(change.previous, change.next) === true ? calm.ms : 0;
      const before = change.kind === 'added' ? [] : keysOf(change.previous);
      const after = change.kind === 'deleted' ? [] : keysOf(change.next);
      for (const key of new Set([...before, ...after]))
        this.#wake(key, { priority: priorityOf(initial), afterMs: isLostKey(key) ? LOST_AFTER_MS : this.#untilCalm(key, calmMs) });
    });
  }

  /** How long until the key's last pass is so long ago. */
  #untilCalm(key: string, ms: number): number {
    return Math.max(0, (this.#lastStart.get(key) ?? -Infinity) + ms - this.#engine.clock.now());
  }

  async #work(stopping: AbortSignal): Promise<void> {
    for (let next = await this.#queue.next(); next !== undefined; next = await this.#queue.next()) {
      await this.#process(next, stopping);
      this.#queue.done(next.key);
      // A pass that finds everything in line waits for nothing: without this, nothing else would run until the queue is empty.
      await giveTurn();
    }
  }

  async #process({ key, priority }: Work, stopping: AbortSignal): Promise<void> {
    const { clock, transport, log: base } = this.#engine;
    const early = this.#untilCalm(key, MIN_INTERVAL_MS);
    if (early > 0) return this.#queue.add(key, { priority, afterMs: early });
    if (!this.#context.gate.isFresh(key, (priority) => this.#queue.add(key, { priority }), priority)) return this.#meter.putOff();
    this.#lastStart.set(key, clock.now());
    this.#words.heard(key);
    // What somebody did just now is not to wait for what is only looked at again.
    using _ = priority < NORMAL_PRIORITY ? undefined : hurry();
    const log = base.child({ controller: this.name, object: key, reconcileID: randomUUID() });
    const { timeoutMs = TIMEOUT_MS } = this.#spec;
    using deadline = createDeadline(clock, timeoutMs, stopping);
    using lastWords = createDeadline(clock, timeoutMs + LAST_WORDS_MS, stopping);
    const client = createClient(transport, this.#identity, deadline.signal);
    const statusClient = createClient(transport, this.#identity, lastWords.signal);
    const seconds = stopwatch(clock);
    this.#meter.begins();
    const moment = { now: clock.date(), log, signal: deadline.signal };
    const result = await this.#pass(key, { ...this.#context, client, statusClient }, moment).catch(failed);
    this.#meter.ended(seconds(), result, deadline.cut);
    this.#requeue(key, priority, result, log);
  }

  /** Looks at the object under the key as the local copy has it; one that is absent leaves nothing to remember. */
  async #pass(key: string, context: Omit<PassContext, 'memory'>, moment: PassMoment): Promise<PassResult> {
    const held = this.#primary.get(key);
    if (held !== undefined) {
      const object = servedUnder(this.#spec.for, held);
      this.#readyTime.seen(key, object);
      const memory = this.#memories.get(key) ?? new Map<string, string>();
      this.#memories.set(key, memory);
      return runPass(this.#spec, object, { ...context, memory }, moment);
    }
    const lost = this.#lost?.find(key);
    if (lost !== undefined && this.#spec.lost !== undefined) {
      moment.log.warn('Clearing away what an owner left that is gone', { ...lost });
      return runLost(this.#spec, this.#spec.lost(lost, moment.now), { ...context, memory: new Map() }, moment);
    }
    this.#lastStart.delete(key);
    this.#memories.delete(key);
    this.#readyTime.forget(key);
    this.#context.gate.forget(key);
    const seed = this.#seeds.get(key);
    if (seed !== undefined) await this.#plant(key, seed, context.client, moment.log);
    return { kind: 'done' };
  }

  async #plant(key: string, seed: ApplyConfig<T>, client: Client, log: Logger): Promise<void> {
    try {
      this.#context.gate.wrote(key, this.#spec.for, await client.create(this.#spec.for, seed));
      log.info('Created the object that must always exist');
    } catch (error) {
      // Somebody else was faster: the watch brings theirs.
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

const priorityOf = (initial: boolean): number => (initial ? LOW_PRIORITY : NORMAL_PRIORITY);
