/** Our engine with the benchmark's controller in a process of its own, put together as controllers/operator.ts does it. */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { createLogger, format, transports } from 'winston';
import { createCaches } from '../../controllers/runtime/caches.ts';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { healthPart } from '../../controllers/runtime/health.ts';
import { runInOrder } from '../../controllers/runtime/manager.ts';
import { metered } from '../../controllers/runtime/metered.ts';
import { metricsPart } from '../../controllers/runtime/metrics-server.ts';
import { createMetrics, measureProcess } from '../../controllers/runtime/metrics.ts';
import { connect } from '../../controllers/runtime/transport.ts';
import { benchController } from './controller.ts';
import { watchForStalls } from './stalls.ts';

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string', default: '' },
    workers: { type: 'string', default: '1' },
    'metrics-port': { type: 'string', default: '0' },
    'probe-port': { type: 'string', default: '0' },
    'watch-stalls': { type: 'boolean', default: false },
  },
});
const HOST = '127.0.0.1';
const userAgent = 'bench-subject';

const longestStall = values['watch-stalls'] ? watchForStalls() : undefined;
const config = new KubeConfig();
config.loadFromFile(values.kubeconfig);
const log = createLogger({
  level: 'info',
  format: format.combine(format.timestamp(), format.json()),
  transports: [new transports.Console({ stderrLevels: ['error', 'warn', 'info'] })],
});
const metrics = createMetrics();
measureProcess(metrics);
const server = new URL(config.getCurrentCluster()?.server ?? '');
const transport = metered(connect(config, { clock: systemClock, userAgent }), metrics, server.host);
const base = { transport, clock: systemClock, log, metrics };
const caches = createCaches(base);
const worker = benchController(Number(values.workers)).wire({ ...base, caches, userAgent });
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());

/** One line of JSON for whoever measures us. */
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

createInterface({ input: process.stdin })
  .on('line', () => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    say({ heapBytes: heapUsed + external, stall: longestStall?.() });
  })
  // Whoever measured us is gone.
  .on('close', () => process.exit(0));

void caches.synced.then(() => say({ synced: true }));
await runInOrder(
  [
    healthPart({ clock: systemClock, host: HOST, port: Number(values['probe-port']), readiness: {} }),
    metricsPart({ ...base, host: HOST, port: Number(values['metrics-port']), secure: false }),
    { name: 'caches', run: (signal) => caches.run(signal), ready: () => caches.synced },
    worker,
  ],
  log,
  stopping,
);
await transport.close();
process.exit(0);
