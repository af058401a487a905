import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Clock } from './clock.ts';

/** controller-runtime's own, so that one dashboard shows both: the first is for reconciles, the second for queues and webhooks. */
const RECONCILE_SECONDS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5,
  5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
const QUEUE_SECONDS = Array.from({ length: 12 }, (_, i) => Number(`1e${i - 8}`));
/** client-go's. */
const REQUEST_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
/** From what a quick apply takes to what makes a user ask. */
const READY_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** What is counted and measured. Names and labels are API: metrics.test.ts has the list, docs/metrics.md the meaning. */
export type Metrics = ReturnType<typeof createMetrics>;

/** All instruments of one process, at zero. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram({ name, help, labelNames, buckets, registers });
  return {
    registry,
    /** Called before each scrape. */
    beforeScrape: new Set<() => void>(),
    reconciles: counter('controller_runtime_reconcile_total', 'Passes, by how they ended', ['controller', 'result']),
    reconcileErrors: counter('controller_runtime_reconcile_errors_total', 'Passes that failed', ['controller']),
    terminalErrors: counter('controller_runtime_terminal_reconcile_errors_total', 'Passes that only a human can mend', ['controller']),
    panics: counter('controller_runtime_reconcile_panics_total', 'Passes that ended in a programming error', ['controller']),
    timeouts: counter('controller_runtime_reconcile_timeouts_total', 'Passes that took too long', ['controller']),
    reconcileSeconds: histogram('controller_runtime_reconcile_time_seconds', 'How long a pass takes', ['controller'], RECONCILE_SECONDS),
    maxConcurrent: gauge('controller_runtime_max_concurrent_reconciles', 'How many passes may run at once', ['controller']),
    activeWorkers: gauge('controller_runtime_active_workers', 'How many passes run', ['controller']),
    queueDepth: gauge('workqueue_depth', 'Keys that wait for a pass', ['name', 'controller', 'priority']),
    queueAdds: counter('workqueue_adds_total', 'Keys that came to wait', ['name', 'controller']),
    queueRetries: counter('workqueue_retries_total', 'Keys that were told to come back later', ['name', 'controller']),
    queueSeconds: histogram('workqueue_queue_duration_seconds', 'How long a key waits', ['name', 'controller'], QUEUE_SECONDS),
    workSeconds: histogram('workqueue_work_duration_seconds', 'How long a key is worked on', ['name', 'controller'], QUEUE_SECONDS),
    unfinishedSeconds: gauge('workqueue_unfinished_work_seconds', 'Time spent on what is not finished, in all', ['name', 'controller']),
    longestSeconds: gauge('workqueue_longest_running_processor_seconds', 'Time spent on the oldest of it', ['name', 'controller']),
    requests: counter('rest_client_requests_total', 'Calls to the API server', ['code', 'method', 'host']),
    requestSeconds: histogram('rest_client_request_duration_seconds', 'How long a call takes', ['verb', 'host'], REQUEST_SECONDS),
    leader: gauge('leader_election_master_status', 'Whether this process holds the Lease', ['name']),
    leaderSlowPath: counter('leader_election_slowpath_total', 'Renewals that had to read the Lease first', ['name']),
    webhookSeconds: histogram('controller_runtime_webhook_latency_seconds', 'How long a review takes', ['webhook'], QUEUE_SECONDS),
    webhookRequests: counter('controller_runtime_webhook_requests_total', 'Reviews, by the HTTP code of the answer', ['webhook', 'code']),
    webhookInFlight: gauge('controller_runtime_webhook_requests_in_flight', 'Reviews that wait for their answer', ['webhook']),
    webhookPanics: counter('controller_runtime_webhook_panics_total', 'Reviews that ended in a programming error', []),
    webhookVerdicts: counter('keystone_webhook_verdicts_total', 'Reviews, by what was said', ['webhook', 'verdict']),
    certificateEnd: gauge('keystone_webhook_certificate_expiry_timestamp_seconds', 'When the certificate that is served ends', []),
    certificateRenewal: gauge('keystone_webhook_certificate_renewal_timestamp_seconds', 'When it is due to be renewed', []),
    storeVersion: gauge('informer_store_resource_version', 'How far a local copy has come', ['name', 'group', 'version', 'resource']),
    staleSkips: counter('keystone_reconcile_stale_cache_skips_total', 'Passes put off until the local copy had caught up', ['controller']),
    applies: counter('keystone_apply_total', 'Children brought in line, by what came of it', ['controller', 'result']),
    drift: counter('keystone_drift_repaired_total', 'Children that somebody else had changed or deleted', ['controller', 'kind']),
    watchRestarts: counter('keystone_watch_restarts_total', 'Watches that ended, by why', ['resource', 'reason']),
    cacheObjects: gauge('keystone_cache_objects', 'Objects in local copies', ['resource']),
    readySeconds: histogram('keystone_time_to_ready_seconds', 'From the first look at a change to Ready', ['controller'], READY_SECONDS),
  };
}

/** The process itself: CPU, memory, event loop, garbage collection. */
export const measureProcess = ({ registry }: Metrics): void => collectDefaultMetrics({ register: registry });

/** Measures seconds on a clock. */
export function stopwatch(clock: Clock): () => number {
  const since = clock.now();
  return () => (clock.now() - since) / 1000;
}

/** The text that Prometheus reads; what is read where it is, instead of being kept, is read now. */
export function scrape({ registry, beforeScrape }: Metrics): Promise<string> {
  for (const collect of beforeScrape) collect();
  return registry.metrics();
}
