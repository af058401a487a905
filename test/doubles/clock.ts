import type { Clock } from '../../controllers/runtime/clock.ts';

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /** Lets time pass, timer by timer, giving everything that waits on promises its turn in between. */
  advance(ms: number): Promise<void>;
  readonly pendingTimers: number;
}

/** A clock for tests: an hour takes as long as its events. */
export function fakeClock(start = new Date('2030-01-01T00:00:00Z')): FakeClock {
  let now = 0;
  const timers = new Map<symbol, { readonly at: number; readonly callback: () => void }>();
  const due = (until: number) => [...timers].filter(([, { at }]) => at <= until).toSorted(([, a], [, b]) => a.at - b.at)[0];
  return {
    now: () => now,
    date: () => new Date(start.getTime() + now),
    timer(ms, callback) {
      const id = Symbol('timer');
      timers.set(id, { at: now + Math.max(0, ms), callback });
      return { [Symbol.dispose]: () => void timers.delete(id) };
    },
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let next = due(until); next !== undefined; next = due(until)) {
        const [id, { at, callback }] = next;
        timers.delete(id);
        now = Math.max(now, at);
        callback();
        await settle();
      }
      now = until;
      await settle();
    },
    get pendingTimers() {
      return timers.size;
    },
  };
}

/** Long chains of promises need several turns; a turn of the loop runs them to their end. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};
