import type { Clock } from './clock.ts';

/** What a pass in flight may still take when the process is asked to stop. */
const DRAIN_MS = 20_000;

/** A signal that aborts after the given time, or soon after the process is asked to stop. Dispose it when the work is done. */
export function createDeadline(clock: Clock, ms: number, stopping: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const timers = [clock.timer(ms, () => controller.abort(new Error(`Nothing may take longer than ${ms / 1000} s`)))];
  const drain = () => timers.push(clock.timer(DRAIN_MS, () => controller.abort(new Error('The operator is stopping'))));
  stopping.addEventListener('abort', drain, { once: true });
  if (stopping.aborted) drain();
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const timer of timers) timer[Symbol.dispose]();
      stopping.removeEventListener('abort', drain);
    },
  };
}
