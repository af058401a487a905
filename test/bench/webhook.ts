/** Measures what our webhook costs beside none and beside one that decides nothing, by turns, on one API server. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { connect, ok, type Api } from '../env/api.ts';
import { startControlPlane, type ControlPlane } from '../env/control-plane.ts';
import { eventually } from '../env/eventually.ts';
import { docker, OWNER_LABEL, THIS_PROCESS } from '../env/container.ts';
import { freePort } from '../env/operator.ts';
import { openWorld } from '../webhook/world.ts';
import { spread, table } from './markdown.ts';
import { summarise } from './stats.ts';
import { decisions } from './webhook-decisions.ts';
import { createPods, podAsking, podsIn, type Load, type Times } from './webhook-load.ts';
import { startNullWebhook } from './webhook-null.ts';

const number = (name: string, unset: number): number => Number(process.env[name] ?? unset);
const ROUNDS = number('BENCH_ROUNDS', 5);
const CREATES = number('BENCH_CREATES', 1_000);
const LOADS: Readonly<Record<string, Load>> = {
  '200 at once, all the time': { creates: CREATES, atOnce: 200 },
  // Far below what the machine can take: here a write waits for its own review, and not in a queue of everybody's.
  '200 hands, 25 a second': { creates: Math.round(CREATES / 3), atOnce: 200, perSecond: 25 },
};
/** A part of the title of the load that is wanted. */
const ONLY = process.env['BENCH_ONLY'] ?? '';
const DECISIONS = { perSecond: 500, seconds: number('BENCH_SECONDS', 20) };
/** A quota is written with every Pod: one for all would be what is measured. */
const SLICES = 4;
const OURS = 'config/webhook/quota.keystone.io.yaml';
const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

const WAYS = ['none', 'null', 'ours'] as const;
type Way = (typeof WAYS)[number];

interface Costs extends Times {
  readonly planeCpu: number;
  readonly webhookCpu: number;
}
const COLUMNS = {
  'p50, ms': 'p50',
  'p99, ms': 'p99',
  'mean, ms': 'mean',
  'CPU of the control plane, ms': 'planeCpu',
  'of the webhook': 'webhookCpu',
} as const;

/** The world in which creates are measured. */
interface Bench {
  readonly plane: ControlPlane;
  readonly api: Api;
  readonly namespaces: readonly string[];
  /** Milliseconds on a processor so far: of the control plane, and of who reviews. */
  readonly planeCpu: () => Promise<number>;
  readonly reviewer: Readonly<Record<Way, { readonly registration?: object; readonly cpu: () => Promise<number> }>>;
}

/** Registers this webhook and no other, and resolves once the API server has heard of it. */
async function turn(to: Way, { api, namespaces: [namespace = ''], reviewer }: Bench): Promise<void> {
  for (const { registration } of Object.values(reviewer)) {
    if (registration !== undefined) await api.call('DELETE', `${REGISTRATIONS}/${nameOf(registration)}`);
  }
  const { registration } = reviewer[to];
  if (registration !== undefined) ok(await api.call('POST', REGISTRATIONS, { body: registration }));
  // Ours refuses what is beyond the quota, which would refuse it too; the other what has this name.
  const probes = { null: podAsking('1m', 'refused'), ours: podAsking('2000', 'beyond') };
  await eventually(
    async () => {
      for (const [way, body] of Object.entries(probes)) {
        const { body: said } = await api.call('POST', `${podsIn(namespace)}?dryRun=All`, { body });
        if (JSON.stringify(said).includes('admission webhook') !== (way === to)) throw new Error(`${way}: ${JSON.stringify(said)}`);
      }
    },
    { withinMs: 30_000 },
  );
}

const nameOf = (registration: object): string => (registration as { readonly metadata: { readonly name: string } }).metadata.name;

async function measure(way: Way, load: Load, round: string, bench: Bench): Promise<Costs> {
  await turn(way, bench);
  const { api, plane, namespaces, planeCpu, reviewer } = bench;
  const [planeBefore, webhookBefore] = [await planeCpu(), await reviewer[way].cpu()];
  const times = await createPods(plane, namespaces, round, load);
  const costs = {
    planeCpu: ((await planeCpu()) - planeBefore) / load.creates,
    webhookCpu: ((await reviewer[way].cpu()) - webhookBefore) / load.creates,
  };
  for (const namespace of namespaces) ok(await api.call('DELETE', `${podsIn(namespace)}?gracePeriodSeconds=0`, { timeoutMs: 60_000 }));
  // The next round shall not wait for the counting after this one.
  await sleep(3_000);
  return { ...times, ...costs };
}

/** All ways by turns, each as often first as the others. */
async function rounds(load: Load, of: string, bench: Bench): Promise<Readonly<Record<Way, readonly Costs[]>>> {
  const found: Record<Way, Costs[]> = { none: [], null: [], ours: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (let at = 0; at < WAYS.length; at++) {
      const way = WAYS[(round + at) % WAYS.length] ?? 'none';
      const costs = await measure(way, load, `${of}-${way}-${round}`, bench);
      // The first round warms everything up.
      if (round === 0) continue;
      found[way].push(costs);
      console.log(
        `${way}, round ${round}, ${Object.entries(costs)
          .map(([name, value]) => `${name} ${Number(value).toFixed(2)}`)
          .join(', ')}`,
      );
    }
  }
  return found;
}

/** Medians, and what ours adds to each of the others: within a round, since rounds differ more than ways. */
function compared(title: string, found: Readonly<Record<Way, readonly Costs[]>>): string {
  const figures = Object.values(COLUMNS);
  const middle = (values: readonly number[]): string => spread(summarise(values), 1);
  const added = (to: Way, figure: keyof Costs) => middle(found.ours.map((costs, at) => costs[figure] - (found[to][at]?.[figure] ?? NaN)));
  const others = WAYS.filter((way) => way !== 'ours');
  return table(
    [title, ...Object.keys(COLUMNS)],
    [
      ...WAYS.map((way) => [way, ...figures.map((figure) => middle(found[way].map((costs) => costs[figure])))]),
      ...others.map((to) => [`ours − ${to}`, ...figures.map((figure) => added(to, figure))]),
    ],
  );
}

/** What the processor has given to etcd, API server and controller manager together. */
async function planeMeter(): Promise<() => Promise<number>> {
  const client = await docker();
  const own = (await client.listContainers({ filters: { label: [OWNER_LABEL] } })).find(
    ({ Labels }) => Labels[OWNER_LABEL] === THIS_PROCESS,
  );
  const container = client.getContainer(own?.Id ?? '');
  return async () => (await container.stats({ stream: false, 'one-shot': true })).cpu_stats.cpu_usage.total_usage / 1e6;
}

async function operatorCpu(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1]) * 1000;
}

async function endToEnd(): Promise<void> {
  const plane = await startControlPlane();
  const api = connect(plane);
  const world = await openWorld(plane, api);
  const idle = await startNullWebhook(plane, api, OURS);
  try {
    const port = await freePort();
    const replica = await world.start([`--metrics-bind-address=127.0.0.1:${port}`, '--metrics-secure=false']);
    await replica.operator.ready();
    const compute = { 'requests.cpu': '1000', 'limits.cpu': '1000', 'requests.memory': '1Ti', 'limits.memory': '1Ti' };
    const scratch = { 'requests.ephemeral-storage': '10Ti', 'limits.ephemeral-storage': '10Ti' };
    const most = { ...compute, ...scratch, pods: '100k', 'count/pods': '100k' };
    const namespaces = await Promise.all(Array.from({ length: SLICES }, (_, at) => world.lend(`slice-${at}`, most)));
    const reviewer = {
      none: { cpu: () => Promise.resolve(0) },
      null: { registration: idle.registration, cpu: () => Promise.resolve(idle.cpuMs()) },
      ours: { registration: parse(readFileSync(OURS, 'utf8')) as object, cpu: () => operatorCpu(port) },
    };
    const bench = { plane, api, namespaces, planeCpu: await planeMeter(), reviewer };
    for (const [at, [title, load]] of Object.entries(LOADS)
      .filter(([title]) => title.includes(ONLY))
      .entries())
      console.log(`\n${compared(title, await rounds(load, `load${at}`, bench))}\n`);
  } finally {
    await idle.stop();
    await world.close();
    await api.close();
    await plane.stop();
  }
}

const load = () =>
  loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
console.log(`${cpus().length} × ${cpus()[0]?.model}, load ${load()}`);
const { p50, p99, mean } = await decisions(DECISIONS.perSecond, DECISIONS.seconds);
console.log(
  `${DECISIONS.perSecond} decisions a second, in process: p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms, mean ${mean.toFixed(3)} ms`,
);
await endToEnd();
console.log(`load ${load()}`);
