import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
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
import { around, connect, type ApiRequest, type Transport } from '../../controllers/runtime/transport.ts';
import { eventually } from './eventually.ts';

/** One operator inside the test's own process, against a real API server. */
export interface RunningEngine {
  readonly transport: Transport;
  readonly caches: Caches;
  readonly metrics: Metrics;
  /** Every mutating request that was sent, oldest first, whatever came of it; events are told on the side. */
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
  const ended = runInOrder([cachePart, ...workers], log, stopping);
  try {
    await Promise.race([caches.synced, ended, unreadable(caches)]);
  } catch (error) {
    stopping.abort();
    throw error;
  }
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
  return around(inner, {
    async request(request, signal) {
      if (request.method !== 'GET' && !request.path.endsWith('/events')) writes.push(request);
      const answer = await inner.request(request, signal);
      const status = request.path.endsWith('/status') && isObject(answer) ? asWritten(answer) : undefined;
      if (status !== undefined) statusFaults.push(...conditionFaults(status).map((fault) => `${request.path}: ${fault}`));
      return answer;
    },
  });
}

/** A spec may change while its status is on the way: the status is judged for the generation that it was made for. */
function asWritten(object: Conditioned): Conditioned {
  const generation = Math.max(0, ...(object.status?.conditions ?? []).map((condition) => condition.observedGeneration));
  return { ...object, metadata: { ...object.metadata, generation } };
}

/** Resolves once the engine has had nothing to do for a while. */
export const untilIdle = (engine: RunningEngine): Promise<void> =>
  eventually(async () => {
    // Longer than the distance that two passes of one object keep.
    for (let i = 0; i < 6; i++) {
      expect(engine.idle, 'the engine still has work').to.equal(true);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  });

/** A cache that can't be filled waits for ever, as it should; a test need not. */
async function unreadable(caches: Caches): Promise<void> {
  await sleep(START_MS, undefined, { ref: false });
  const missing = caches.unsynced();
  if (missing.length > 0)
    throw new Error(
      `not read within ${START_MS / 1000} s: ${missing.join(', ')}. Is the kind in api/kinds.ts, its CRD installed, and the controller permitted to read it?`,
    );
}

/** Longer than any fault that a test puts between an engine and a healthy API server. */
const START_MS = 20_000;
