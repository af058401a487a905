import type { Clock } from '../../controllers/runtime/clock.ts';

/** The machine's clock, which a story can make leap: every delay then is that much nearer its end. */
export interface LeapingClock extends Clock {
  leap(ms: number): void;
}

/** A clock that shows the real time until it leaps. */
export function leapingClock(): LeapingClock {
  let ahead = 0;
  const now = (): number => performance.now() + ahead;
  const pending = new Map<symbol, { readonly at: number; readonly callback: () => void; handle: NodeJS.Timeout }>();
  const arm = (id: symbol, at: number, callback: () => void): NodeJS.Timeout =>
    setTimeout(
      () => {
        pending.delete(id);
        callback();
      },
      Math.max(0, at - now()),
    );
  return {
    now,
    date: () => new Date(Date.now() + ahead),
    timer(ms, callback) {
      const id = Symbol('timer');
      const at = now() + Math.min(ms, LONGEST_MS);
      pending.set(id, { at, callback, handle: arm(id, at, callback) });
      return {
        [Symbol.dispose]: () => {
          clearTimeout(pending.get(id)?.handle);
          pending.delete(id);
        },
      };
    },
    leap(ms) {
      ahead += ms;
      for (const [id, timer] of pending) {
        clearTimeout(timer.handle);
        timer.handle = arm(id, timer.at, timer.callback);
      }
    },
  };
}

/** setTimeout fires at once for anything longer than this. */
const LONGEST_MS = 2 ** 31 - 1;
