import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../env/api.ts';
import { callsBetween, countCalls, finalCalls } from './calls.ts';
import { start, type Name, type Running } from './contestant.ts';
import { createWidgets, editWidget } from './population.ts';
import { optionsFor, type Bench, type Measured } from './settle.ts';
import { watchWidgets, type Watcher } from './watcher.ts';

/** The operator's own kinds wait for others most of the time; four at once are what controllers of many objects run with. */
const WORKERS = 4;
/** Ten users’ edits a second while everything is read and looked at: too few to count as work when a contestant is judged to be quiet. */
const EDIT_MS = 100;
/** A cold population is settled once, with the fewest calls; every contestant then finds it in line. */
const SETTLER = { name: 'plain', workers: 16 } as const;

/** Adds settled objects until there are so many. */
export async function grow(bench: Bench, from: number, to: number): Promise<void> {
  const watcher = await watchWidgets(bench.plane, bench.api);
  const settler = await start(SETTLER.name, optionsFor(bench, SETTLER.workers, to));
  try {
    await settler.synced;
    await createWidgets(bench.api, from, to);
    await settler.until(watcher.reached(to - from));
    await settler.quiet();
  } finally {
    await settler.stop();
    await watcher.stop();
  }
}

/** An edit and how long it took until it was in force. */
interface Edit {
  readonly at: number;
  readonly ms: number;
}

/** Starts with `count` settled objects there. With a revision, users edit some of them meanwhile. */
export async function measureColdStart(bench: Bench, name: Name, count: number, revision: number | undefined): Promise<Measured> {
  const watcher = await watchWidgets(bench.plane, bench.api);
  const before = await countCalls(bench.api);
  const began = performance.now();
  const running = await start(name, { ...optionsFor(bench, WORKERS, count), watchStalls: true });
  try {
    const quiet = (async () => {
      await running.synced;
      await running.quiet();
      return performance.now();
    })();
    const editing = revision === undefined ? Promise.resolve([]) : editUntil(bench.api, watcher, { count, revision, end: quiet });
    const syncMs = await running.synced;
    const doneMs = (await quiet) - began;
    const edits = await running.until(editing);
    const { writes } = callsBetween(before, await finalCalls(bench.api));
    return { syncMs, doneMs, cpuSeconds: running.cpuSeconds(), ...(await memory(running)), ...judged(edits, began + syncMs, writes) };
  } finally {
    await running.stop();
    await watcher.stop();
  }
}

/** What is held: as the machine sees it, and what of it lives. */
async function memory(running: Running): Promise<Measured> {
  const { rss, peak } = running.memory();
  const { heapBytes, stall } = await running.report();
  return {
    rssBytes: rss,
    peakRssBytes: peak,
    heapBytes,
    ...(stall === undefined ? {} : { stallCpuMs: stall.cpuMs, stallWallMs: stall.wallMs }),
  };
}

/** Edits one object after the other at a steady pace, whatever becomes of them, until the start is over. */
async function editUntil(
  api: Api,
  watcher: Watcher,
  { count, revision, end }: { readonly count: number; readonly revision: number; readonly end: Promise<unknown> },
): Promise<readonly Edit[]> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  void end.then(stop, stop);
  const sent: Promise<{ readonly at: number; readonly key: string }>[] = [];
  // Spread over all objects, and never the same one twice.
  const stride = Math.max(1, Math.floor(count / MOST_EDITS));
  while (!over.signal.aborted && sent.length < Math.min(count, MOST_EDITS)) {
    sent.push(editWidget(api, sent.length * stride, revision));
    await sleep(EDIT_MS);
  }
  const edits = await Promise.all(sent);
  await watcher.reached(edits.length);
  return edits.map(({ at, key }) => ({ at, ms: (watcher.settled.get(key) ?? NaN) - at }));
}

/** A minute of edits: longer than any start here takes. */
const MOST_EDITS = 600;

/** Edits before everything was read wait for that; edits after it must overtake what was only found. Each edit is two writes, all else none. */
function judged(edits: readonly Edit[], syncedAt: number, writes: number): Measured {
  const kept = edits.map(({ at, ms }, i) => [`${at < syncedAt ? 'early' : 'late'}Edit ${i}`, ms] as const);
  return { ...Object.fromEntries(kept), strayWrites: writes - 2 * edits.length };
}
