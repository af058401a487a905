import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../env/api.ts';
import type { ControlPlane } from '../env/control-plane.ts';
import { callsBetween, countCalls, finalCalls } from './calls.ts';
import { start, type Name, type Programs, type Running, type StartOptions } from './contestant.ts';
import { NAMESPACE, clear, createWidget, createWidgets, nameOf } from './population.ts';
import { quantile } from './stats.ts';
import { watchWidgets, type Watcher } from './watcher.ts';

/** What was measured of one contestant in one round, by metric. */
export type Measured = Readonly<Record<string, number>>;

/** What all measurements need. */
export interface Bench {
  readonly plane: ControlPlane;
  readonly api: Api;
  readonly programs: Programs;
  readonly nodeFlags: readonly string[];
}

/** One object every 40 ms: far from what any contestant can take, so that nothing queues and the latency is the engine's own. */
const PACE_MS = 40;
/** As many as make a p99 over five rounds mean something. */
const PACED = 100;

/** What is settled before the clock starts: Node compiles the code that runs often meanwhile, which an operator does once in weeks. */
const WARM_UP_SHARE = 0.5;

/** Settles a backlog, then objects that come one by one, then starts anew with everything settled. */
export async function measureSettling(bench: Bench, name: Name, workers: number, count: number): Promise<Measured> {
  const { api } = bench;
  const options = optionsFor(bench, workers, count);
  await createWidgets(api, 0, count);
  const watcher = await watchWidgets(bench.plane, api);
  try {
    const first = await settleBacklog(bench, watcher, () => start(name, options), count);
    return name === 'null' ? first : { ...first, ...(await measureRestart(bench, () => start(name, options), count + PACED)) };
  } finally {
    await watcher.stop();
    await clear(api);
  }
}

/** How a contestant of this bench is started. */
export const optionsFor = ({ programs, plane, nodeFlags }: Bench, workers: number, count: number): StartOptions => ({
  programs,
  nodeFlags,
  workers,
  kubeconfig: plane.kubeconfigPath,
  objects: { namespace: NAMESPACE, count },
});

async function settleBacklog({ api }: Bench, watcher: Watcher, begin: () => Promise<Running>, count: number): Promise<Measured> {
  const before = await countCalls(api);
  const running = await begin();
  try {
    const warmUp = Math.ceil(count * WARM_UP_SHARE);
    await running.until(watcher.reached(warmUp));
    const [firstCpu, firstAt] = [running.cpuSeconds(), performance.now()];
    const objects = count - watcher.settled.size;
    await running.until(watcher.reached(count));
    const seconds = (performance.now() - firstAt) / 1000;
    await running.quiet();
    const calls = callsBetween(before, await finalCalls(api));
    const backlog = {
      objectsPerSecond: objects / seconds,
      cpuMsPerObject: ((running.cpuSeconds() - firstCpu) * 1000) / objects,
      callsPerObject: calls.all / count,
      writesPerObject: calls.writes / count,
      ...Object.fromEntries([...calls.by].map(([call, n]) => [`calls ${call}`, n / count])),
    };
    return running.name === 'null' ? backlog : { ...backlog, ...(await running.until(pace(api, watcher, count))) };
  } finally {
    await running.stop();
  }
}

/** Objects that come one by one, at a rate that does not depend on how quickly they are dealt with. */
async function pace(api: Api, watcher: Watcher, from: number): Promise<Measured> {
  const already = watcher.settled.size;
  const created: Promise<number>[] = [];
  for (let i = 0; i < PACED; i++) {
    created.push(createWidget(api, from + i));
    await sleep(PACE_MS);
  }
  await watcher.reached(already + PACED);
  const latencies = (await Promise.all(created)).map((at, i) => (watcher.settled.get(`${nameOf(from + i)}/1`) ?? NaN) - at);
  return { latencyP50Ms: quantile(latencies, 0.5), latencyP99Ms: quantile(latencies, 0.99) };
}

/** A start with everything settled: each object is looked at, and nothing is written. */
async function measureRestart({ api }: Bench, begin: () => Promise<Running>, count: number): Promise<Measured> {
  const before = await countCalls(api);
  const running = await begin();
  try {
    await running.synced;
    await running.quiet();
    const { all, writes } = callsBetween(before, await finalCalls(api));
    return { restartCpuMsPerObject: (running.cpuSeconds() * 1000) / count, restartWrites: writes, restartCalls: all };
  } finally {
    await running.stop();
  }
}
