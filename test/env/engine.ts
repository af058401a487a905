import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../controllers/runtime/clock.ts';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { createCaches, type Caches } from '../../controllers/runtime/caches.ts';
import type { Conditioned } from '../../controllers/runtime/conditions.ts';
import { conditionFaults } from '../../controllers/runtime/kstatus.ts';
import type { Controller, Worker } from '../../controllers/runtime/controller.ts';
import { silentLogger, type Logger } from '../../controllers/runtime/log.ts';
import { createMetrics, type Metrics } from '../../controllers/runtime/metrics.ts';
import { runInOrder } from '../../controllers/runtime/manager.ts';
import { isObject } from '../../controllers/runtime/resource.ts';
import { connect, type ApiRequest, type Transport } from '../../controllers/runtime/transport.ts';

/** One operator inside the test's own process, against a real API server. */
export interface RunningEngine {
  readonly transport: Transport;
  readonly caches: Caches;
  readonly metrics: Metrics;
  /** Every mutating request that was sent, oldest first, whatever came of it. */
  readonly writes: readonly ApiRequest[];
  /** What was wrong with any status that the API server accepted. */
  readonly statusFaults: readonly string[];
  /** Whether no object waits for a pass or is in one. */
  readonly idle: boolean;
  /** Stops as SIGTERM would. */
  stop(): Promise<void>;
}

/** What an engine runs on. */
export interface EngineOptions {
  readonly kubeconfig: string;
  /** Puts something between the engine and the API server: faults, delays, recorders. */
  readonly wrap?: (transport: Transport) => Transport;
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly userAgent?: string;
}

/** Connects to the API server of a kubeconfig file. */
export function connectTo(kubeconfig: string, userAgent = 'test'): Transport {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return connect(config, { clock: systemClock, userAgent });
}

/** Starts the given controllers and resolves once their caches are full. */
export async function runEngine(controllers: readonly Controller[], options: EngineOptions): Promise<RunningEngine> {
  const { clock = systemClock, log = silentLogger, userAgent = 'keystone-operator/test' } = options;
  const writes: ApiRequest[] = [];
  const statusFaults: string[] = [];
  const direct = connectTo(options.kubeconfig, userAgent);
  const transport = recording(options.wrap?.(direct) ?? direct, writes, statusFaults);
  const metrics = createMetrics();
  const caches = createCaches({ transport, clock, log, metrics });
  const workers = controllers.map((controller): Worker => controller.wire({ transport, caches, clock, log, metrics, userAgent }));
  const stopping = new AbortController();
  const cachePart = { name: 'caches', run: (signal: AbortSignal) => caches.run(signal), ready: () => caches.synced };
  const ended = runInOrder([cachePart, ...workers], log, stopping.signal);
  await Promise.race([caches.synced, ended]);
  return {
    transport,
    caches,
    metrics,
    writes,
    statusFaults,
    get idle() {
      return workers.every(({ backlog }) => backlog === 0);
    },
    async stop() {
      stopping.abort();
      await ended;
      await transport.close();
    },
  };
}

/** Looks at everything that goes by: each write, and each status that the API server answers one with. */
function recording(inner: Transport, writes: ApiRequest[], statusFaults: string[]): Transport {
  return {
    async request(request, signal) {
      if (request.method !== 'GET') writes.push(request);
      const answer = await inner.request(request, signal);
      const status = request.path.endsWith('/status') && isObject(answer) ? asWritten(answer) : undefined;
      if (status !== undefined) statusFaults.push(...conditionFaults(status).map((fault) => `${request.path}: ${fault}`));
      return answer;
    },
    watch: (request, signal) => inner.watch(request, signal),
    close: () => inner.close(),
  };
}

/** A spec may change while its status is on the way: the status is judged for the generation that it was made for. */
function asWritten(object: Conditioned): Conditioned {
  const generation = Math.max(0, ...(object.status?.conditions ?? []).map((condition) => condition.observedGeneration));
  return { ...object, metadata: { ...object.metadata, generation } };
}
