import type { Clock } from './clock.ts';

/** What a pass in flight may still take when the process is asked to stop. */
const DRAIN_MS = 20_000;

/** Limits what one piece of work may take. Dispose it when the work is done. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Whether the time was up, as opposed to a stop of the process. */
  readonly expired: boolean;
}

/** A signal that aborts after the given time, or soon after the process is asked to stop. */
export function createDeadline(clock: Clock, ms: number, stopping: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const expire = () => {
    expired = true;
    controller.abort(new Error(`Nothing may take longer than ${ms / 1000} s`));
  };
  const timers = [clock.timer(ms, expire)];
  const drain = () => timers.push(clock.timer(DRAIN_MS, () => controller.abort(new Error('The operator is stopping'))));
  stopping.addEventListener('abort', drain, { once: true });
  if (stopping.aborted) drain();
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    [Symbol.dispose]() {
      for (const timer of timers) timer[Symbol.dispose]();
      stopping.removeEventListener('abort', drain);
    },
  };
}
