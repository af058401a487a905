import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Parcel } from '../../test/parcel/parcel.ts';
import { configMap } from '../../test/build.ts';
import { grantGauges } from '../grant/metrics.ts';
import { fakeClock } from '../../test/doubles/clock.ts';
import { scriptedTransport } from '../../test/doubles/transport.ts';
import { ApiError, TerminalError } from './errors.ts';
import { createMeter } from './meter.ts';
import { metered } from './metered.ts';
import { createMetrics, scrape } from './metrics.ts';
import { createReadyTime } from './ready-time.ts';
import { createWorkQueue } from './workqueue.ts';

/** Every name with its type and labels: dashboards and alerts of others are written against this. */
const GOLDEN = [
  'controller_runtime_reconcile_total counter controller result',
  'controller_runtime_reconcile_errors_total counter controller',
  'controller_runtime_terminal_reconcile_errors_total counter controller',
  'controller_runtime_reconcile_panics_total counter controller',
  'controller_runtime_reconcile_timeouts_total counter controller',
  'controller_runtime_reconcile_time_seconds histogram controller',
  'controller_runtime_max_concurrent_reconciles gauge controller',
  'controller_runtime_active_workers gauge controller',
  'workqueue_depth gauge name controller priority',
  'workqueue_adds_total counter name controller',
  'workqueue_retries_total counter name controller',
  'workqueue_queue_duration_seconds histogram name controller',
  'workqueue_work_duration_seconds histogram name controller',
  'workqueue_unfinished_work_seconds gauge name controller',
  'workqueue_longest_running_processor_seconds gauge name controller',
  'rest_client_requests_total counter code method host',
  'rest_client_request_duration_seconds histogram verb host',
  'leader_election_master_status gauge name',
  'leader_election_slowpath_total counter name',
  'controller_runtime_webhook_latency_seconds histogram webhook',
  'controller_runtime_webhook_requests_total counter webhook code',
  'controller_runtime_webhook_requests_in_flight gauge webhook',
  'controller_runtime_webhook_panics_total counter',
  'keystone_webhook_verdicts_total counter webhook verdict',
  'keystone_webhook_certificate_expiry_timestamp_seconds gauge',
  'keystone_webhook_certificate_renewal_timestamp_seconds gauge',
  'informer_store_resource_version gauge name group version resource',
  'keystone_reconcile_stale_cache_skips_total counter controller',
  'keystone_apply_total counter controller result',
  'keystone_drift_repaired_total counter controller kind',
  'keystone_watch_restarts_total counter resource reason',
  'keystone_cache_objects gauge resource',
  'keystone_time_to_ready_seconds histogram controller',
];

describe('the metrics', () => {
  const lines = async (metrics: ReturnType<typeof createMetrics>, name: string): Promise<readonly string[]> =>
    (await scrape(metrics)).split('\n').filter((line) => line.startsWith(name));

  it('have exactly these names, types and labels (checklist 36)', () => {
    const found = createMetrics()
      .registry.getMetricsAsArray()
      .map((metric) => {
        const { name, type, labelNames } = metric as unknown as { name: string; type: string; labelNames: readonly string[] };
        return [name, type, ...labelNames].join(' ');
      });
    expect(found).to.deep.equal(GOLDEN);
  });

  it('are all explained on their page', () => {
    const page = readFileSync('docs/metrics.md', 'utf8');
    for (const line of GOLDEN) expect(page).to.include(`\`${line.split(' ')[0]}\``);
    for (const { name } of grantGauges({ grantNamespaces: [], capacityReserve: 0 })) expect(page).to.include(`\`${name}\``);
  });

  it('have the buckets of controller-runtime and client-go (checklist 36)', async () => {
    const metrics = createMetrics();
    createMeter(metrics, 'c', 1, () => createWorkQueue(fakeClock())).ended(0.2, { kind: 'done' }, undefined);
    metrics.queueSeconds.observe({ name: 'c', controller: 'c' }, 1);
    metrics.requestSeconds.observe({ verb: 'GET', host: 'h' }, 1);
    const bounds = async (name: string) => (await lines(metrics, `${name}_bucket`)).map((line) => /le="([^"]+)"/.exec(line)?.[1]);
    expect(await bounds('controller_runtime_reconcile_time_seconds'))
      .to.have.length(41)
      .and.include.members(['0.005', '0.15', '1.25', '60', '+Inf']);
    expect(await bounds('workqueue_queue_duration_seconds')).to.deep.equal([
      '1e-8',
      '1e-7',
      '0.000001',
      '0.00001',
      '0.0001',
      '0.001',
      '0.01',
      '0.1',
      '1',
      '10',
      '100',
      '1000',
      '+Inf',
    ]);
    expect(await bounds('rest_client_request_duration_seconds')).to.deep.equal([
      '0.005',
      '0.025',
      '0.1',
      '0.25',
      '0.5',
      '1',
      '2',
      '4',
      '8',
      '15',
      '30',
      '60',
      '+Inf',
    ]);
  });

  it('show a controller at zero before anything happened, so that rate() sees the first event', async () => {
    const metrics = createMetrics();
    createMeter(metrics, 'c', 4, () => createWorkQueue(fakeClock()));
    expect(await lines(metrics, 'controller_runtime_reconcile_total{')).to.deep.equal(
      ['success', 'error', 'requeue', 'requeue_after'].map(
        (result) => `controller_runtime_reconcile_total{controller="c",result="${result}"} 0`,
      ),
    );
    expect(await lines(metrics, 'controller_runtime_max_concurrent_reconciles{')).to.deep.equal([
      'controller_runtime_max_concurrent_reconciles{controller="c"} 4',
    ]);
  });

  it('tell what a person has to mend from a slip in the code, and both from a call that failed', async () => {
    const metrics = createMetrics();
    const meter = createMeter(metrics, 'c', 1, () => createWorkQueue(fakeClock()));
    const errors = [new TerminalError('Bad', 'bad'), new TypeError('slip'), new ApiError(500, 'InternalError', 'down')];
    for (const error of errors) meter.ended(0, { kind: 'failed', error }, undefined);
    meter.ended(60, { kind: 'failed', error: new Error('Nothing may take longer') }, 'timeout');
    meter.ended(20, { kind: 'failed', error: new Error('The operator is stopping') }, 'stop');
    const values = await Promise.all(
      ['reconcile_errors', 'terminal_reconcile_errors', 'reconcile_panics', 'reconcile_timeouts'].map((name) =>
        lines(metrics, `controller_runtime_${name}_total{`),
      ),
    );
    expect(values.flat().map((line) => line.split(' ')[1])).to.deep.equal(['5', '1', '1', '1']);
  });

  it('count a key once when it comes to wait, and its wait and work', async () => {
    const metrics = createMetrics();
    const clock = fakeClock();
    const meter = createMeter(metrics, 'c', 1, () => queue);
    const queue = createWorkQueue(clock, meter.queue);
    // Nothing waits for anybody before somebody works.
    const first = queue.next();
    queue.add('first');
    queue.done((await first)?.key ?? '');
    queue.add('a');
    queue.add('a');
    queue.add('b', { afterMs: 1000 });
    await clock.advance(500);
    expect(await lines(metrics, 'workqueue_depth{')).to.deep.equal([
      'workqueue_depth{name="c",controller="c",priority="0"} 1',
      'workqueue_depth{name="c",controller="c",priority="-100"} 0',
    ]);
    await queue.next();
    await clock.advance(250);
    expect((await lines(metrics, 'workqueue_unfinished_work_seconds{'))[0]).to.match(/ 0.25$/);
    queue.done('a');
    await clock.advance(1000);
    const [adds] = await lines(metrics, 'workqueue_adds_total{');
    const [retries] = await lines(metrics, 'workqueue_retries_total{');
    const [waited] = await lines(metrics, 'workqueue_queue_duration_seconds_sum{');
    const [worked] = await lines(metrics, 'workqueue_work_duration_seconds_sum{');
    expect([adds, retries, waited, worked].map((line) => line?.split(' ')[1])).to.deep.equal(['3', '1', '0.5', '0.25']);
  });

  it('count calls by how they were answered, and none at all as such', async () => {
    const metrics = createMetrics();
    const answers = [{}, new ApiError(409, 'Conflict', 'c'), new ApiError(0, 'Cut', 'c')];
    const inner = scriptedTransport({
      answer: () => {
        const next = answers.shift();
        if (next instanceof Error) throw next;
        return next;
      },
    });
    const transport = metered(inner, metrics, 'api:6443', fakeClock());
    for (let i = 0; i < 3; i++) await transport.request({ method: 'GET', path: '/' }).catch(() => undefined);
    expect(await lines(metrics, 'rest_client_requests_total{')).to.deep.equal(
      ['200', '409', '<error>'].map((code) => `rest_client_requests_total{code="${code}",method="GET",host="api:6443"} 1`),
    );
  });

  it('time each change once, from the first look at it until it is in force', async () => {
    const clock = fakeClock();
    const told: number[] = [];
    const time = createReadyTime(clock, (seconds) => told.push(seconds));
    const ready = (observedGeneration: number): NonNullable<Parcel['status']> => ({
      conditions: [{ type: 'Ready', status: 'True', observedGeneration, lastTransitionTime: '', reason: 'Kept', message: '' }],
    });
    const at = (generation: number, status = {}) => ({ ...configMap('a'), metadata: { ...configMap('a').metadata, generation }, status });
    time.seen('a', at(1));
    await clock.advance(2000);
    time.seen('a', at(1));
    time.found('a', ready(1));
    time.found('a', ready(1));
    time.seen('a', at(2, ready(1)));
    await clock.advance(500);
    time.found('a', ready(1));
    time.found('a', ready(2));
    time.seen('b', at(7, ready(7)));
    time.found('b', ready(7));
    expect(told).to.deep.equal([2, 0.5]);
  });
});
