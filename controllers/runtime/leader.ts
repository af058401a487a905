import { Lease } from '../../api/meta/builtin.ts';
import { canonical } from './canonical.ts';
import { createClient, type Client } from './client.ts';
import { sleep, type Clock } from './clock.ts';
import { createDeadline } from './deadline.ts';
import { ApiError, describe, isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { leaseName } from './rbac.ts';
import { microTime } from './timestamps.ts';
import { around, type Transport } from './transport.ts';

/** How long a lease lasts, when its holder gives up, and how often everybody tries; the reasons are in docs/decisions/0006. */
export interface LeaseTimings {
  readonly durationMs: number;
  readonly deadlineMs: number;
  readonly retryMs: number;
}

/** What an elector works with. */
export interface ElectorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly userAgent: string;
  /** The operator's own namespace. */
  readonly namespace: string;
  /** The controller that is led. */
  readonly controller: string;
  /** Tells this process from all others, also from an earlier one of the same Pod. */
  readonly identity: string;
  readonly timings: LeaseTimings;
  readonly metrics: Metrics;
}

/** Stands for a lease, and says whether it is held. */
export interface Elector {
  /** Whether a write is ours to make right now. Known from the own monotonic clock alone: nothing is asked. */
  readonly leads: boolean;
  /** Waits for the lease and keeps it for as long as the work goes on; then gives it back. Rejects when it is lost. */
  run(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void>;
}

/** An elector that holds nothing yet. */
export const createElector = (options: ElectorOptions): Elector => new LeaseElector(options);

/** Lets writes through only while the lease is held: a process that was stopped and wakes up again must not finish what it began. */
export function fenced(inner: Transport, elector: Pick<Elector, 'leads'>): Transport {
  const permit = (): void => {
    if (!elector.leads) throw new ApiError(0, 'NotLeader', 'The lease is not held any more: nothing is written');
  };
  return around(inner, {
    async request(request, signal) {
      if (request.method === 'GET') return inner.request(request, signal);
      permit();
      return inner.request({ ...request, permit }, signal);
    },
  });
}

/** Who waits only looks, which is one read, and a handover takes no longer than until the next look. */
const LOOKS_PER_TRY = 3;

class LeaseElector implements Elector {
  readonly #options: ElectorOptions;
  readonly #log: Logger;
  /** The lease as we wrote it last, if it was ours then. */
  #held: Lease | undefined;
  /** When the newest renewal that succeeded was begun. */
  #renewedAt = -Infinity;
  /** Somebody else's lease, and when we first saw it so. */
  #observed = { record: '', at: 0 };

  constructor(options: ElectorOptions) {
    this.#options = options;
    const name = leaseName(options.controller);
    this.#log = options.log.child({ lease: name });
    const { leader, leaderSlowPath, beforeScrape } = options.metrics;
    leaderSlowPath.inc({ name }, 0);
    beforeScrape.add(() => leader.set({ name }, this.leads ? 1 : 0));
  }

  get leads(): boolean {
    return this.#options.clock.now() - this.#renewedAt < this.#options.timings.deadlineMs;
  }

  async run(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    await this.#acquire(signal);
    if (signal.aborted) return this.#release();
    this.#log.info('Became leader', { identity: this.#options.identity });
    const done = new AbortController();
    const lost = new AbortController();
    const working = work(AbortSignal.any([signal, lost.signal])).finally(() => done.abort());
    try {
      await Promise.all([working, this.#keep(done.signal)]);
    } finally {
      lost.abort();
      await this.#release();
    }
  }

  /** Tries until the lease is ours, or nobody wants it any more. */
  async #acquire(signal: AbortSignal): Promise<void> {
    let said = '';
    for (;;) {
      const trouble = await this.#try();
      if (this.leads || signal.aborted) return;
      if (trouble !== '' && trouble !== said) this.#log.warn('Could not stand for the lease, trying again', { cause: trouble });
      said = trouble;
      await sleep(this.#options.clock, this.#options.timings.retryMs / LOOKS_PER_TRY, signal);
      if (signal.aborted) return;
    }
  }

  /**
   * Renews until the work is done, and rejects once the lease is lost. While a try hangs, or the process stands still, that may come
   * after another has it: until then it is the fence that keeps writes back, which asks nobody.
   */
  async #keep(done: AbortSignal): Promise<void> {
    const { clock, timings } = this.#options;
    for (;;) {
      await sleep(clock, timings.retryMs, done);
      if (done.aborted) return;
      const trouble = await this.#try();
      // After a long stall the lease may still be ours: nobody else has written it. The try tells.
      if (!this.leads)
        throw new Error(`Lost the lease ${leaseName(this.#options.controller)}: ${trouble === '' ? 'another had it' : trouble}`);
    }
  }

  /** One attempt to get or keep the lease; tells what stood in the way if nothing was learnt. */
  async #try(): Promise<string> {
    const { clock, timings } = this.#options;
    const started = clock.now();
    // No call may hang for so long that there is no second one: half of what a leader has.
    using deadline = createDeadline(clock, timings.deadlineMs / 2);
    try {
      const held = await this.#write(this.#client(deadline.signal));
      this.#held = held;
      this.#renewedAt = held === undefined ? -Infinity : started;
      return '';
    } catch (error) {
      return describe(error);
    }
  }

  /** Writes the lease if it is ours to keep or to take; undefined if it is somebody else's. */
  #write(client: Client): Promise<Lease | undefined> {
    return this.#held === undefined ? this.#take(client) : this.#renew(client, this.#held);
  }

  async #take(client: Client): Promise<Lease | undefined> {
    const there = await client.read(Lease, this.#key);
    if (there === undefined) return this.#make(client);
    // The answer to an earlier try was lost.
    if (there.spec?.holderIdentity === this.#options.identity) return unlessLost(client.replace(Lease, this.#renewed(there)));
    if (!this.#isFree(there)) return undefined;
    return unlessLost(client.replace(Lease, { ...there, spec: this.#spec((there.spec?.leaseTransitions ?? 0) + 1) }));
  }

  async #renew(client: Client, held: Lease): Promise<Lease | undefined> {
    const renewed = await unlessLost(client.replace(Lease, this.#renewed(held)));
    if (renewed !== undefined) return renewed;
    const { identity, metrics } = this.#options;
    metrics.leaderSlowPath.inc({ name: this.#key.name });
    const there = await client.read(Lease, this.#key);
    // Somebody deleted it. If our time is over, others may have led before that, and what is known here is from before.
    if (there === undefined) return this.leads ? this.#make(client) : undefined;
    // Ours, and written by somebody who does not want it: a race lost with them is trouble, and no other leader.
    if (there.spec?.holderIdentity === identity) return client.replace(Lease, this.#renewed(there));
    // Somebody else has led since, though it may be free again: what is known here is from before.
    return undefined;
  }

  #make(client: Client): Promise<Lease | undefined> {
    return unlessLost(client.create(Lease, { metadata: this.#key, spec: this.#spec(0) }));
  }

  get #key(): { readonly namespace: string; readonly name: string } {
    return { namespace: this.#options.namespace, name: leaseName(this.#options.controller) };
  }

  /** Given back, or not renewed for as long as it lasts: counted from when we saw it change, whatever times it says. */
  #isFree({ spec }: Lease): boolean {
    const record = canonical(spec);
    const now = this.#options.clock.now();
    if (record !== this.#observed.record) this.#observed = { record, at: now };
    const { holderIdentity = '', leaseDurationSeconds = 0 } = spec ?? {};
    return holderIdentity === '' || now - this.#observed.at >= leaseDurationSeconds * 1000;
  }

  async #release(): Promise<void> {
    if (!this.leads || this.#held === undefined) return;
    this.#renewedAt = -Infinity;
    const { clock, timings } = this.#options;
    using deadline = createDeadline(clock, timings.retryMs);
    try {
      const spec = { ...this.#held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: this.#now() };
      await this.#client(deadline.signal).replace(Lease, { ...this.#held, spec });
      this.#log.info('Gave the lease back');
    } catch (error) {
      // It lapses by itself.
      this.#log.warn('Could not give the lease back', { cause: describe(error) });
    }
  }

  #client(signal: AbortSignal): Client {
    const { transport, userAgent, controller } = this.#options;
    const urgent = around(transport, { request: (request, abort) => transport.request({ ...request, urgent: true }, abort) });
    return createClient(urgent, { fieldManager: `keystone-${controller}-lease`, userAgent: `${userAgent} (lease)` }, signal);
  }

  #renewed(lease: Lease): Lease {
    return { ...lease, spec: { ...lease.spec, renewTime: this.#now() } };
  }

  #spec(leaseTransitions: number): NonNullable<Lease['spec']> {
    const { identity, timings } = this.#options;
    const now = this.#now();
    const leaseDurationSeconds = Math.ceil(timings.durationMs / 1000);
    return { holderIdentity: identity, leaseDurationSeconds, acquireTime: now, renewTime: now, leaseTransitions };
  }

  /** For people to read: nobody decides on it. */
  #now(): string {
    return microTime(this.#options.clock.date());
  }
}

/** Undefined when somebody else was faster, or took the lease away. */
async function unlessLost(write: Promise<Lease>): Promise<Lease | undefined> {
  try {
    return await write;
  } catch (error) {
    if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) return undefined;
    throw error;
  }
}
