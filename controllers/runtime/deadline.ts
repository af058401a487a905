import type { Clock } from './clock.ts';
import { ApiError } from './errors.ts';

/** What a pass in flight may still take when the process is asked to stop. */
const DRAIN_MS = 20_000;

/** Limits what one piece of work may take. Dispose it when the work is done. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** What cut the work off: its own time, or a stop of the process. Nothing while it may go on. */
  readonly cut: 'timeout' | 'stop' | undefined;
}

/** A signal that aborts after the given time, or soon after the process is asked to stop. */
export function createDeadline(clock: Clock, ms: number, stopping?: AbortSignal): Deadline {
  const controller = new AbortController();
  let cut: Deadline['cut'];
  const cutOff = (by: Deadline['cut'], reason: Error): void => {
    cut ??= by;
    controller.abort(reason);
  };
  const timers = [clock.timer(ms, () => cutOff('timeout', new Error(`Nothing may take longer than ${ms / 1000} s`)))];
  // As a call that nobody answers any more: says nothing about what was worked on.
  const stopped = (): Error => new ApiError(0, 'Stopping', 'The operator is stopping');
  const drain = () => timers.push(clock.timer(DRAIN_MS, () => cutOff('stop', stopped())));
  stopping?.addEventListener('abort', drain, { once: true });
  if (stopping?.aborted === true) drain();
  return {
    signal: controller.signal,
    get cut() {
      return cut;
    },
    [Symbol.dispose]() {
      for (const timer of timers) timer[Symbol.dispose]();
      stopping?.removeEventListener('abort', drain);
    },
  };
}
