import { expect } from 'chai';
import * as fc from 'fast-check';
import { fakeClock, type FakeClock } from '../../test/doubles/clock.ts';
import { createHeap } from './heap.ts';
import { createWorkQueue, type Work, type WorkQueue } from './workqueue.ts';

/** The naive queue: a list that is searched whole each time. Slow, and too simple to be wrong. */
function naiveQueue(clock: FakeClock) {
  interface Entry {
    key: string;
    priority: number;
    readyAt: number;
    arrived: number;
  }
  const entries: Entry[] = [];
  const processing = new Set<string>();
  let arrivals = 0;
  const isServable = ({ key, readyAt }: Entry) => readyAt <= clock.now() && !processing.has(key);
  const settleArrivals = () => {
    // What becomes servable gets its place in line then: in the order of its time, then of being added.
    for (const entry of entries.filter((e) => e.arrived === Infinity && isServable(e)).toSorted((a, b) => a.readyAt - b.readyAt))
      entry.arrived = arrivals++;
  };
  return {
    add(key: string, afterMs: number, priority: number) {
      settleArrivals();
      const readyAt = clock.now() + afterMs;
      const held = entries.find((entry) => entry.key === key);
      if (held === undefined) entries.push({ key, priority, readyAt, arrived: Infinity });
      else {
        if (priority > held.priority) Object.assign(held, { priority, arrived: held.arrived === Infinity ? Infinity : arrivals++ });
        held.readyAt = Math.min(held.readyAt, readyAt);
      }
      settleArrivals();
    },
    next(): Work | undefined {
      settleArrivals();
      const [first] = entries.filter(isServable).toSorted((a, b) => b.priority - a.priority || a.arrived - b.arrived);
      if (first === undefined) return undefined;
      entries.splice(entries.indexOf(first), 1);
      processing.add(first.key);
      return { key: first.key, priority: first.priority };
    },
    done(key: string) {
      processing.delete(key);
      const held = entries.find((entry) => entry.key === key);
      if (held !== undefined && held.readyAt <= clock.now()) held.arrived = Infinity;
      settleArrivals();
    },
    processing,
  };
}

/** What `next` would hand out now, without waiting for more. */
const nextNow = async (queue: WorkQueue): Promise<Work | undefined> => (queue.depth === 0 ? undefined : queue.next());

describe('a work queue', () => {
  it('equals a naive model over 100 000 random operations: no key twice at once, highest priority, earliest time, FIFO inside (checklist 24)', async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    let state = seed;
    const random = (n: number) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % n;
    const clock = fakeClock();
    const queue = createWorkQueue(clock);
    const model = naiveQueue(clock);
    const priorities = [-100, 0, 0, 0, 10];
    for (let i = 0; i < 100_000; i++) {
      const where = `seed ${seed}, operation ${i}`;
      const choice = random(100);
      if (choice < 45) {
        // Distinct delays: two keys due at the very same moment have no order to compare.
        const [key, afterMs, priority] = [
          `k${random(40)}`,
          random(3) === 0 ? 1 + random(500) + i / 1e6 : 0,
          priorities[random(5)] ?? 0,
        ] as const;
        queue.add(key, { afterMs, priority });
        model.add(key, afterMs, priority);
      } else if (choice < 75) {
        const busy = new Set(model.processing);
        const want = model.next();
        const got = await nextNow(queue);
        expect(got, where).to.deep.equal(want);
        if (got !== undefined) expect(busy.has(got.key), `${where}: handed out twice`).to.equal(false);
      } else if (choice < 99) {
        const [key] = [...model.processing].slice(random(Math.max(1, model.processing.size)));
        if (key === undefined) continue;
        queue.done(key);
        model.done(key);
      } else {
        await clock.advance(random(60));
        // Hand both the due ones in the same order.
        queue.add('tick');
        model.add('tick', 0, 0);
      }
    }
  });

  it('wakes those who wait, in the order in which they came', async () => {
    const queue = createWorkQueue(fakeClock());
    const waiting = [queue.next(), queue.next()];
    queue.add('a');
    queue.add('b');
    expect(await Promise.all(waiting)).to.deep.equal([
      { key: 'a', priority: 0 },
      { key: 'b', priority: 0 },
    ]);
  });

  it('hands out a delayed key when its time comes, and not before', async () => {
    const clock = fakeClock();
    const queue = createWorkQueue(clock);
    let got: string | undefined;
    void queue.next().then((work) => (got = work?.key));
    queue.add('later', { afterMs: 1000 });
    await clock.advance(999);
    expect(got).to.equal(undefined);
    await clock.advance(1);
    expect(got).to.equal('later');
  });

  it('once closed, takes nothing, and lets go of those who wait and of its timer', async () => {
    const clock = fakeClock();
    const queue = createWorkQueue(clock);
    queue.add('later', { afterMs: 1000 });
    const waiting = queue.next();
    queue.close();
    queue.add('more');
    expect(await waiting).to.equal(undefined);
    expect(await queue.next()).to.equal(undefined);
    expect(clock.pendingTimers).to.equal(0);
  });

  it('forgets times that were overtaken, however often one key is put off', async () => {
    const heap = createHeap<number>((a, b) => a - b);
    for (let i = 0; i < 1000; i++) heap.push((i * 7919) % 1000);
    heap.retain((value) => value % 2 === 0);
    expect(Array.from({ length: 501 }, () => heap.pop())).to.deep.equal([...Array.from({ length: 500 }, (_, i) => 2 * i), undefined]);
    const clock = fakeClock();
    const queue = createWorkQueue(clock);
    for (let i = 0; i < 10_000; i++) {
      queue.add('k', { afterMs: 2_592_000_000 });
      queue.add('k');
      const work = await queue.next();
      queue.done(work?.key ?? '');
    }
    expect(queue.delayed).to.be.below(200);
  });

  it('keeps a key that is added while it is worked on, for one more round', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), async (times) => {
        const queue = createWorkQueue(fakeClock());
        queue.add('k');
        await queue.next();
        for (let i = 0; i < times; i++) queue.add('k');
        expect(queue.depth).to.equal(0);
        queue.done('k');
        expect(queue.depth).to.equal(1);
      }),
    );
  });

  it('hands out no key that was dropped, in line or before its time, until it is added again', async () => {
    const clock = fakeClock();
    const queue = createWorkQueue(clock);
    queue.add('ready');
    queue.add('later', { afterMs: 1000 });
    for (const key of ['ready', 'later', 'unknown']) queue.drop(key);
    await clock.advance(2000);
    expect(queue.depth).to.equal(0);
    queue.add('later', { afterMs: 500 });
    await clock.advance(400);
    expect(queue.depth, 'no sooner for what was dropped').to.equal(0);
    await clock.advance(200);
    expect(await nextNow(queue)).to.deep.equal({ key: 'later', priority: 0 });
  });
});
