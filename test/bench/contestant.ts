import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../hack/testbed/steps.ts';
import { freePort } from '../env/operator.ts';
import { CACHE } from './peer.ts';
import { cpuSeconds, memoryOf } from './proc.ts';
import type { Stall } from './stalls.ts';

/** Who is measured: our engine, its twin in Go with the same guarantees, a plain Go reconciler without them, and a mere writer. */
export const CONTESTANTS = ['ours', 'twin', 'plain', 'null'] as const;
/** One of them. */
export type Name = (typeof CONTESTANTS)[number];

/** What a contestant says of itself; what others can see is measured from outside. */
export interface SelfReport {
  /** What lives, after a full collection. */
  readonly heapBytes: number;
  readonly stall?: Stall;
}

/** A contestant that runs. */
export interface Running {
  readonly name: Name;
  /** What is waited for, or an error if the contestant ends before. */
  readonly until: <T>(awaited: Promise<T>) => Promise<T>;
  /** Milliseconds from its start until its caches were full. */
  readonly synced: Promise<number>;
  readonly cpuSeconds: () => number;
  readonly memory: () => { readonly rss: number; readonly peak: number };
  readonly report: () => Promise<SelfReport>;
  /** Resolves once it has used next to no processor time for a while and says that nothing waits: a busy machine may just not let it. */
  readonly quiet: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Where the programs of both sides are. */
export interface Programs {
  readonly subject: string;
  readonly peer: string;
}

/** How a contestant is started. */
export interface StartOptions {
  /** The programs of both sides. */
  readonly programs: Programs;
  readonly kubeconfig: string;
  readonly workers: number;
  /** What a mere writer has to be told, since it reads nothing. */
  readonly objects: { readonly namespace: string; readonly count: number };
  /** Whether our event loop is watched, which is work of its own. */
  readonly watchStalls?: boolean;
  /** More flags for Node, such as a profiler's. */
  readonly nodeFlags: readonly string[];
}

/** As often as Prometheus is commonly told to: more often, on a slow machine, would be measured as work on objects. */
const SCRAPE_MS = 15_000;
/** Less than a sixth of one core over half a second, twice: nothing is left but what trickles in. */
const QUIET = { windowMs: 500, cpuSeconds: 0.08, windows: 2 };
/** What waits or is being worked on; controller-runtime's names, and ours. */
const BACKLOG = /^(?:workqueue_depth|controller_runtime_active_workers)\{.*\} (?<count>\S+)$/gm;

/** Starts one contestant; it ends with us, since its input does. */
export async function start(name: Name, options: StartOptions): Promise<Running> {
  const [probes, metrics] = [await freePort(), await freePort()];
  const log = openSync(join(CACHE, `${name}.log`), 'w');
  const [program, args] = commandOf(name, options, { probes, metrics });
  const began = performance.now();
  // As in the image, which has nothing compiled before.
  const env = { ...process.env, NODE_ENV: 'production', NODE_DISABLE_COMPILE_CACHE: '1' };
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['pipe', 'pipe', log] }) as ChildProcessByStdio<Writable, Readable, null>;
  closeSync(log);
  const pid = child.pid ?? 0;
  let stopped = false;
  const ended = once(child, 'close').then(() => undefined);
  const failed = ended.then(() => {
    if (!stopped) throw new Error(`${name} ended by itself: see ${CACHE}/${name}.log`);
    return new Promise<never>(() => undefined);
  });
  failed.catch(() => undefined);
  const until = <T>(awaited: Promise<T>): Promise<T> => Promise.race([awaited, failed]);
  const lines = createInterface({ input: child.stdout });
  const next = async (): Promise<unknown> => {
    const [line]: unknown[] = await until(once(lines, 'line'));
    return JSON.parse(String(line));
  };
  const scraper = setInterval(() => void scrape(metrics), SCRAPE_MS);
  void ended.then(() => clearInterval(scraper));
  const synced = next().then(() => performance.now() - began);
  synced.catch(() => undefined);
  return {
    name,
    until,
    synced,
    cpuSeconds: () => cpuSeconds(pid),
    memory: () => memoryOf(pid),
    quiet: () => until(untilQuiet(pid, () => backlog(name === 'null' ? undefined : metrics))),
    report: async () => {
      child.stdin.write('\n');
      return (await next()) as SelfReport;
    },
    stop: async () => {
      stopped = true;
      child.kill(name === 'null' ? 'SIGKILL' : 'SIGTERM');
      await ended;
    },
  };
}

function commandOf(
  name: Name,
  { programs: { subject, peer }, kubeconfig, workers, objects, nodeFlags, watchStalls = false }: StartOptions,
  { probes, metrics }: { readonly probes: number; readonly metrics: number },
): readonly [string, string[]] {
  const common = [`--kubeconfig=${kubeconfig}`, `--workers=${workers}`];
  if (name === 'ours') {
    const flags = ['--expose-gc', ...nodeFlags];
    return [
      process.execPath,
      [...flags, subject, ...common, `--metrics-port=${metrics}`, `--probe-port=${probes}`, ...(watchStalls ? ['--watch-stalls'] : [])],
    ];
  }
  if (name === 'null') return [peer, [...common, '--null', `--namespace=${objects.namespace}`, `--count=${objects.count}`]];
  const served = [`--metrics-bind-address=127.0.0.1:${metrics}`, `--health-probe-bind-address=127.0.0.1:${probes}`];
  return [peer, [...common, ...served, `--guarded=${name === 'twin'}`]];
}

async function scrape(port: number): Promise<string> {
  try {
    return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  } catch {
    // Not up yet, gone, or one that serves none.
    return '';
  }
}

async function backlog(port: number | undefined): Promise<number> {
  if (port === undefined) return 0;
  const counts = [...(await scrape(port)).matchAll(BACKLOG)].map(({ groups }) => Number(groups?.['count']));
  return counts.length === 0 ? NaN : counts.reduce((sum, count) => sum + count, 0);
}

async function untilQuiet(pid: number, waiting: () => Promise<number>): Promise<void> {
  do {
    for (let quiet = 0; quiet < QUIET.windows;) {
      const before = cpuSeconds(pid);
      await sleep(QUIET.windowMs);
      quiet = cpuSeconds(pid) - before < QUIET.cpuSeconds ? quiet + 1 : 0;
    }
    // Users edit all the time: one object may be on its way.
  } while (!((await waiting()) <= 1));
}
