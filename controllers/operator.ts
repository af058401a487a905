import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import dotI from '@dot-i/k8s-operator';
import type { Configuration } from './configuration.ts';
import { controllers } from './rooms.ts';
import { createCaches } from './runtime/caches.ts';
import { systemClock } from './runtime/clock.ts';
import type { Controller, Engine } from './runtime/controller.ts';
import { healthPart } from './runtime/health.ts';
import { createElector, fenced } from './runtime/leader.ts';
import type { Logger } from './runtime/log.ts';
import { runInOrder, type Part } from './runtime/manager.ts';
import { metered } from './runtime/metered.ts';
import { metricsPart } from './runtime/metrics-server.ts';
import { createMetrics, measureProcess } from './runtime/metrics.ts';
import { connect } from './runtime/transport.ts';
import { webhookPart } from './runtime/webhook-part.ts';
import { webhooks } from './webhooks.ts';

const NOWHERE = 'http://localhost:8080';

/** The composition root: what runs, on what, in which order. The library gives it its face; the engine is ours (docs/decisions). */
// The library is CommonJS, so its default export arrives one level down.
export class KeystoneOperator extends dotI.default {
  readonly #configuration: Configuration;
  readonly #log: Logger;
  readonly #userAgent: string;
  readonly #stopping = new AbortController();
  /** The host tells people where the leader is; the rest tells it from all other processes. */
  readonly #identity = `${hostname()}_${randomUUID()}`;
  #engine: Engine | undefined;

  constructor(configuration: Configuration, log: Logger, version: string) {
    super(log);
    this.#configuration = configuration;
    this.#log = log;
    this.#userAgent = `keystone-operator/${version}`;
  }

  /** Whether any configuration was found; the library falls back to a port of this machine that nobody means. */
  get knowsCluster(): boolean {
    return (this.kubeConfig.getCurrentCluster()?.server ?? NOWHERE) !== NOWHERE;
  }

  /** Connects; nothing runs yet. */
  protected override init(): Promise<void> {
    const metrics = createMetrics();
    measureProcess(metrics);
    const host = new URL(this.kubeConfig.getCurrentCluster()?.server ?? NOWHERE).host;
    const transport = metered(connect(this.kubeConfig, { clock: systemClock, userAgent: this.#userAgent }), metrics, host);
    const base = { transport, clock: systemClock, log: this.#log, metrics };
    this.#engine = { ...base, caches: createCaches(base), userAgent: this.#userAgent };
    this.#log.info('Connecting', { server: this.kubeConfig.getCurrentCluster()?.server, realm: this.#configuration.realmSeed });
    return Promise.resolve();
  }

  /** Runs until `stop`; rejects when something that must not end did. */
  override async start(): Promise<void> {
    await super.start();
    if (this.#engine === undefined) throw new Error('init did not connect');
    try {
      await runInOrder(this.#parts(this.#engine), this.#log, this.#stopping);
    } finally {
      await this.#engine.transport.close();
    }
  }

  override stop(): void {
    this.#stopping.abort();
  }

  #parts({ caches, ...engine }: Engine): readonly (Part | readonly Part[])[] {
    const { controllers: chosen, probes, metrics, namespace } = this.#configuration;
    const workers = controllers(this.#configuration)
      .filter(({ name }) => chosen.includes(name))
      .map((controller) => this.#led(controller, { ...engine, caches }));
    const settings = this.#configuration.webhook;
    const webhook = settings === undefined ? [] : [webhookPart({ ...engine, ...settings, caches, namespace, webhooks })];
    const readiness = {
      shutdown: () => (this.#stopping.signal.aborted ? 'stopping' : undefined),
      caches: () => (caches.unsynced().length === 0 ? undefined : `not read yet: ${caches.unsynced().join(', ')}`),
      ...Object.fromEntries(webhook.map(({ name, readiness }) => [name, readiness])),
    };
    return [
      healthPart({ ...probes, clock: engine.clock, readiness }),
      ...(metrics === undefined ? [] : [metricsPart({ ...engine, ...metrics, metrics: engine.metrics })]),
      { name: 'caches', run: (signal) => caches.run(signal), ready: () => caches.synced },
      // Every replica answers webhooks, and goes on for a while when it is asked to stop; its leases are given back at once.
      [...webhook, ...workers],
    ];
  }

  /** A controller that works while it holds its Lease; its caches are warm before, so that it can take over at once. */
  #led(controller: Controller, engine: Engine): Part {
    const { leases, namespace } = this.#configuration;
    if (leases === undefined) return controller.wire(engine);
    const elector = createElector({ ...engine, namespace, controller: controller.name, identity: this.#identity, timings: leases });
    const worker = controller.wire({ ...engine, transport: fenced(engine.transport, elector) });
    return { name: controller.name, run: (signal) => elector.run(signal, (leading) => worker.run(leading)) };
  }
}
