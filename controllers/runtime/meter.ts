import type { Deadline } from './deadline.ts';
import { ApiError, TerminalError, TransientError } from './errors.ts';
import type { Metrics } from './metrics.ts';
import type { PassResult } from './pass.ts';
import { LOW_PRIORITY, NORMAL_PRIORITY, type QueueObserver, type WorkQueue } from './workqueue.ts';

/** What one controller tells the metrics. */
export interface Meter {
  readonly queue: QueueObserver;
  /** A pass begins. */
  begins(): void;
  /** A pass is over, by itself or cut off. */
  ended(seconds: number, result: PassResult, cut: Deadline['cut']): void;
  /** A pass was put off, since the local copy is older than the last write. */
  putOff(): void;
  /** What an apply of a child came to. */
  applied(result: Applied): void;
  /** Somebody else had changed or deleted a child. */
  repaired(kind: string): void;
  /** A change is in force after so long. */
  ready(seconds: number): void;
}

/** What an apply of a child came to: nothing to do, done, done and nothing changed, lost race. */
export type Applied = (typeof APPLIED)[number];
const APPLIED = ['skipped', 'changed', 'noop', 'conflict'] as const;
const RESULTS = ['success', 'error', 'requeue', 'requeue_after'] as const;

/** A meter that starts at zero, visibly: a series that appears with its first event hides that event from rate(). */
export function createMeter(metrics: Metrics, controller: string, concurrency: number, queue: () => WorkQueue): Meter {
  const own = { controller };
  const named = { name: controller, controller };
  for (const result of RESULTS) metrics.reconciles.inc({ ...own, result }, 0);
  for (const result of APPLIED) metrics.applies.inc({ ...own, result }, 0);
  for (const counter of [metrics.reconcileErrors, metrics.terminalErrors, metrics.panics, metrics.timeouts, metrics.staleSkips])
    counter.inc(own, 0);
  for (const counter of [metrics.queueAdds, metrics.queueRetries]) counter.inc(named, 0);
  metrics.maxConcurrent.set(own, concurrency);
  metrics.activeWorkers.set(own, 0);
  metrics.beforeScrape.add(() => {
    const { queueDepth, unfinishedSeconds, longestSeconds } = metrics;
    const working = queue().working();
    const depths = queue().depths();
    for (const priority of [NORMAL_PRIORITY, LOW_PRIORITY, ...depths.keys()])
      queueDepth.set({ ...named, priority: String(priority) }, depths.get(priority) ?? 0);
    unfinishedSeconds.set(named, working.reduce((sum, ms) => sum + ms, 0) / 1000);
    longestSeconds.set(named, Math.max(0, ...working) / 1000);
  });
  return {
    queue: {
      added: () => metrics.queueAdds.inc(named),
      delayed: () => metrics.queueRetries.inc(named),
      taken: (ms) => metrics.queueSeconds.observe(named, ms / 1000),
      finished: (ms) => metrics.workSeconds.observe(named, ms / 1000),
    },
    begins: () => metrics.activeWorkers.inc(own),
    ended(seconds, result, cut) {
      metrics.activeWorkers.dec(own);
      metrics.reconcileSeconds.observe(own, seconds);
      metrics.reconciles.inc({ ...own, result: labelOf(result) });
      if (cut === 'timeout') metrics.timeouts.inc(own);
      if (result.kind !== 'failed') return;
      metrics.reconcileErrors.inc(own);
      if (result.error instanceof TerminalError) metrics.terminalErrors.inc(own);
      else if (isSlip(result.error) && cut === undefined) metrics.panics.inc(own);
    },
    putOff: () => metrics.staleSkips.inc(own),
    applied: (result) => metrics.applies.inc({ ...own, result }),
    repaired: (kind) => metrics.drift.inc({ ...own, kind }),
    ready: (seconds) => metrics.readySeconds.observe(own, seconds),
  };
}

function labelOf(result: PassResult): (typeof RESULTS)[number] {
  if (result.kind === 'failed') return 'error';
  if (result.kind === 'done') return 'success';
  return result.afterMs === 0 ? 'requeue' : 'requeue_after';
}

/** What nobody throws on purpose: a mistake in the code. */
const isSlip = (error: unknown): boolean => !(error instanceof ApiError || error instanceof TransientError);
