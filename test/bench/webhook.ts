/** Measures what the webhooks cost: a decision at 500 a second, and a create at 200 at once with and without them, in one run. */
import { loadavg } from 'node:os';
import { Agent, request } from 'undici';
import type { K8sObject } from '../../api/meta/object.ts';
import { quotaWebhook } from '../../controllers/grant/admission.ts';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { silentLogger } from '../../controllers/runtime/log.ts';
import { createMetrics } from '../../controllers/runtime/metrics.ts';
import { servedUnder } from '../../controllers/runtime/resource.ts';
import { answerBody } from '../../controllers/runtime/webhook-answer.ts';
import { createJudge } from '../../controllers/runtime/webhook-judge.ts';
import { scriptedTransport } from '../doubles/transport.ts';
import { connect, ok, type Api } from '../env/api.ts';
import { startControlPlane, type ControlPlane } from '../env/control-plane.ts';
import { eventually } from '../env/eventually.ts';
import { docker, OWNER_LABEL, THIS_PROCESS } from '../env/container.ts';
import { freePort, must } from '../env/operator.ts';
import { podWith } from '../integration/grant.hostile-pods.ts';
import { openWorld } from '../webhook/world.ts';

const PER_SECOND = 500;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 20);
const AT_ONCE = Number(process.env['BENCH_AT_ONCE'] ?? 200);
const CREATES = Number(process.env['BENCH_CREATES'] ?? 1_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
/** A quota is written with every Pod: one for all would be what is measured. */
const SLICES = 4;
const REGISTRATION = 'config/webhook/quota.keystone.io.yaml';

const resources = (cpu: string): object => ({ resources: { requests: { cpu, memory: '1Mi' }, limits: { cpu, memory: '1Mi' } } });
const podsIn = (namespace = ''): string => `/api/v1/namespaces/${namespace}/pods`;

interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly mean: number;
}
/** With the milliseconds on a processor that one create took. */
interface Costs extends Times {
  readonly planeCpu: number;
  readonly operatorCpu: number;
}
const summed = (times: readonly number[]): Times => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), mean: times.reduce((sum, ms) => sum + ms, 0) / times.length };
};
const shown = ({ p50, p99, mean }: Times, digits = 1): string => [p50, p99, mean].map((ms) => ms.toFixed(digits).padStart(8)).join(' | ');

/** Decisions at a steady pace, of which a tenth are refusals that read the quota once more. */
async function decisions(): Promise<Times> {
  const metadata = { name: 'grant', namespace: 'slice', uid: 'u', resourceVersion: '1' };
  const quota = { metadata, status: { hard: { pods: '10k', 'requests.cpu': '4', 'limits.cpu': '4' }, used: { pods: '5' } } };
  const reader: Parameters<typeof createJudge>[1] = {
    get: (resource) => servedUnder(resource, quota satisfies K8sObject),
    list: () => [],
    ownedBy: () => [],
  };
  const options = { transport: scriptedTransport({ answer: () => quota }), clock: systemClock, log: silentLogger, userAgent: 'bench' };
  const judge = createJudge(quotaWebhook, reader, { ...options, metrics: createMetrics() });
  const bodies = Array.from({ length: 10 }, (_, at) => reviewOf(podWith({ container: resources(at === 0 ? '5' : '1') })));
  const times: number[] = [];
  const decide = async (at: number): Promise<void> => {
    const started = performance.now();
    await answerBody(bodies[at % bodies.length] ?? Buffer.alloc(0), judge, 5_000);
    times.push(performance.now() - started);
  };
  for (let at = 0; at < 2_000; at++) await decide(at);
  times.length = 0;
  const started = performance.now();
  while (times.length < PER_SECOND * SECONDS) {
    const due = ((performance.now() - started) / 1000) * PER_SECOND;
    for (let at = times.length; at < due; at++) await decide(at);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return summed(times);
}

const reviewOf = (object: object): Buffer =>
  Buffer.from(
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
        operation: 'CREATE',
        resource: { group: '', version: 'v1', resource: 'pods' },
        namespace: 'slice',
        object,
      },
    }),
  );

/** Creates Pods, so many at once, and says how long each took. */
async function creates(plane: ControlPlane, namespaces: readonly string[], round: string): Promise<Times> {
  const dispatcher = new Agent({ allowH2: false, connections: AT_ONCE, connect: { ca: plane.ca, cert: plane.cert, key: plane.key } });
  const headers = { 'content-type': 'application/json' };
  const times: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < CREATES; at = next++) {
      const body = JSON.stringify(podWith({ container: resources('1m') }, `${round}-${at}`));
      const started = performance.now();
      const answer = await request(`${plane.server}${podsIn(namespaces[at % namespaces.length])}`, {
        method: 'POST',
        dispatcher,
        headers,
        body,
      });
      const text = await answer.body.text();
      times.push(performance.now() - started);
      if (answer.statusCode !== 201) throw new Error(text);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await dispatcher.destroy();
  return summed(times);
}

type Way = 'without' | 'with';

/** Registers the webhook or takes it away, and resolves once the API server has heard of it. */
async function turn(way: Way, plane: ControlPlane, api: Api, namespace: string | undefined): Promise<void> {
  const verb = way === 'with' ? ['apply', '--server-side'] : ['delete', '--ignore-not-found'];
  await must(plane, [...verb, '-f', REGISTRATION]);
  const body = podWith({ container: resources('2000') });
  await eventually(async () => {
    const { body: said } = await api.call('POST', `${podsIn(namespace)}?dryRun=All`, { body });
    if (JSON.stringify(said).includes('admission webhook') !== (way === 'with')) throw new Error('not yet');
  });
}

/** Creates and clears away, turn by turn with and without the webhook; a way that went first goes second the next time. */
async function rounds(plane: ControlPlane, api: Api, namespaces: readonly string[], cpu: () => Promise<Cpu>): Promise<Found> {
  const found: Record<Way, Costs[]> = { without: [], with: [] };
  const ways = (round: number): readonly Way[] => (round % 2 === 0 ? ['without', 'with'] : ['with', 'without']);
  for (const { round, way } of Array.from({ length: ROUNDS + 1 }, (_, round) => ways(round).map((way) => ({ round, way }))).flat()) {
    await turn(way, plane, api, namespaces[0]);
    const before = await cpu();
    const times = await creates(plane, namespaces, `${way}-${round}`);
    const after = await cpu();
    const costs = { ...times, planeCpu: (after.plane - before.plane) / CREATES, operatorCpu: (after.operator - before.operator) / CREATES };
    for (const namespace of namespaces) ok(await api.call('DELETE', `${podsIn(namespace)}?gracePeriodSeconds=0`, { timeoutMs: 60_000 }));
    // The next round shall not wait for the counting after this one.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    // The first round warms everything up.
    if (round === 0) continue;
    found[way].push(costs);
    const spent = [costs.planeCpu, costs.operatorCpu].map((ms) => ms.toFixed(2).padStart(6)).join(' | ');
    console.log(`| ${way.padEnd(8)} | ${shown(times)} | ${spent} | load ${loadavg()[0]?.toFixed(1)}`);
  }
  return found;
}

interface Cpu {
  readonly plane: number;
  readonly operator: number;
}
type Found = Readonly<Record<Way, readonly Costs[]>>;

async function endToEnd(): Promise<void> {
  const plane = await startControlPlane();
  const api = connect(plane);
  const world = await openWorld(plane, api);
  try {
    const port = await freePort();
    const replica = await world.start([`--metrics-bind-address=127.0.0.1:${port}`, '--metrics-secure=false']);
    await replica.operator.ready();
    const compute = { 'requests.cpu': '1000', 'limits.cpu': '1000', 'requests.memory': '1Ti', 'limits.memory': '1Ti' };
    const scratch = { 'requests.ephemeral-storage': '10Ti', 'limits.ephemeral-storage': '10Ti' };
    const most = { ...compute, ...scratch, pods: '100k', 'count/pods': '100k' };
    const namespaces = await Promise.all(Array.from({ length: SLICES }, (_, at) => world.lend(`slice-${at}`, most)));
    const planeCpu = await planeMeter();
    compare(await rounds(plane, api, namespaces, async () => ({ plane: await planeCpu(), operator: await operatorCpu(port) })));
    const { body } = await api.call('GET', '/metrics');
    const buckets = /^apiserver_admission_webhook_admission_duration_seconds_(?:bucket|sum|count)\{name="quota\.keystone\.io",.*$/gm;
    for (const line of String(body).match(buckets) ?? []) console.log(`  ${line}`);
  } finally {
    await world.close();
    await api.close();
    await plane.stop();
  }
}

/** Milliseconds on a processor that the operator has had. */
async function operatorCpu(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1]) * 1000;
}

/** The same of etcd, API server and controller manager together. */
async function planeMeter(): Promise<() => Promise<number>> {
  const client = await docker();
  const own = (await client.listContainers({ filters: { label: [OWNER_LABEL] } })).find(
    ({ Labels }) => Labels[OWNER_LABEL] === THIS_PROCESS,
  );
  const container = client.getContainer(own?.Id ?? '');
  return async () => (await container.stats({ stream: false, 'one-shot': true })).cpu_stats.cpu_usage.total_usage / 1e6;
}

function compare(found: Found): void {
  for (const figure of ['p50', 'p99', 'mean', 'planeCpu', 'operatorCpu'] as const) {
    const median = (way: Way) =>
      found[way].map((times) => times[figure]).toSorted((a, b) => a - b)[Math.floor(found[way].length / 2)] ?? NaN;
    const [a, b] = [median('without'), median('with')];
    console.log(
      `median ${figure}: ${a.toFixed(2)} ms without, ${b.toFixed(2)} ms with: ${(b - a).toFixed(2)} ms more, ${(b / a).toFixed(2)} times`,
    );
  }
}

console.log(
  `load ${loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')}`,
);
console.log(`| decision at ${PER_SECOND}/s, ms: p50, p99, mean | ${shown(await decisions(), 3)} |`);
console.log(`| ${CREATES} creates, ${AT_ONCE} at once, ms | p50 | p99 | mean | CPU of the control plane | of the operator |`);
await endToEnd();
