import { readdirSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { systemClock, type Clock } from '../../controllers/runtime/clock.ts';
import { defineController, requeueAfter } from '../../controllers/runtime/index.ts';
import { around } from '../../controllers/runtime/transport.ts';
import type { RunningEngine } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { Parcel } from '../parcel/parcel.ts';
import { useParcels } from '../parcel/world.ts';

const FULL = process.env['TEST_FULL'] !== undefined;
const PASSES = FULL ? 100_000 : 20_000;
const RECONNECTS = FULL ? 1_000 : 100;
const OBJECTS = 300;

setFlagsFromString('--expose-gc');
/** V8's own, which only a context knows that was made after the flag was set. */
const collectGarbage = runInNewContext('gc') as () => void;
interface Memory {
  readonly heap: number;
  /** Buffers outside the heap, and whatever else V8 is told of. */
  readonly external: number;
  /** What the machine gives; it comes back from the allocator late, so that only much more of it means something. */
  readonly resident: number;
}
function memoryInUse(): Memory {
  collectGarbage();
  const { heapUsed: heap, external, rss: resident } = process.memoryUsage();
  return { heap, external, resident };
}
const MIB = 1024 * 1024;
/** Looks that nothing was kept since then. */
function expectNoMoreThan(before: Memory): void {
  const now = memoryInUse();
  const more = (what: keyof Memory): number => (now[what] - before[what]) / MIB;
  const [heap, external, resident] = [more('heap'), more('external'), more('resident')];
  console.log(`      MiB more: ${heap.toFixed(1)} of heap, ${external.toFixed(1)} outside it, ${resident.toFixed(1)} resident`);
  expect(heap, 'MiB of heap').to.be.below(3);
  expect(external, 'MiB outside the heap').to.be.below(4);
  expect(resident, 'MiB resident').to.be.below(64);
}
/** What this process holds open; a link may be gone by the time that it is read. */
function descriptors(): { readonly all: number; readonly sockets: number } {
  const open = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  return { all: open.length, sockets: open.filter((target) => target.startsWith('socket:')).length };
}

/** Twenty at once: all of them would wait for each other longer than a call may take. */
const batches = (names: readonly string[]) => Array.from({ length: names.length / 20 }, (_, i) => names.slice(i * 20, (i + 1) * 20));

/** Looks at each Parcel again and again, and changes nothing. */
const restless = defineController<Parcel, object>({
  name: 'restless',
  for: Parcel,
  when: () => true,
  facts: () => ({}),
  plan: () => [async () => requeueAfter(1)],
  status: () => ({ ready: { status: 'True', reason: 'Kept', message: 'All is well' } }),
  concurrency: 4,
});

describe('an engine that runs for long', () => {
  const world = useParcels();

  const counted = async ({ metrics }: RunningEngine): Promise<number> => {
    const { values } = await metrics.reconciles.get();
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  const until = (engine: RunningEngine, passes: number) =>
    eventually(async () => expect(await counted(engine)).to.be.at.least(passes), { withinMs: 300_000, everyMs: 100 });

  it(`holds no more after ${PASSES} passes than before (checklist 31)`, async () => {
    const names = Array.from({ length: OBJECTS }, (_, i) => `p${i}`);
    for (const some of batches(names)) await Promise.all(some.map((name) => world.put(name, { text: name })));
    const engine = await world.run({ controllers: [restless] });
    const first = async (name: string) => expect((await world.get(name))?.status?.conditions).not.to.equal(undefined);
    await eventually(() => Promise.all(names.map(first)), { withinMs: 60_000, everyMs: 500 });
    await until(engine, PASSES / 5);
    const [memory, { all }] = [memoryInUse(), descriptors()];
    const writes = engine.writes.length;
    await until(engine, PASSES);
    expectNoMoreThan(memory);
    expect(descriptors().all - all, 'descriptors').to.be.within(-10, 3);
    expect(engine.writes.length - writes, 'writes').to.equal(0);
    await engine.stop();
    for (const some of batches(names)) await Promise.all(some.map((name) => world.remove(name)));
  }).timeout(400_000);

  /** Waits no longer than a moment, so that a thousand reconnections take no hour. */
  const hasty: Clock = { ...systemClock, timer: (ms, then) => systemClock.timer(ms < 60_000 ? Math.min(ms, 5) : ms, then) };

  it(`holds no more after ${RECONNECTS} reconnections than before (checklist 31)`, async () => {
    let opened = 0;
    await world.run({
      clock: hasty,
      wrap: (inner) =>
        around(inner, {
          watch: (request, signal) => {
            opened += 1;
            // Each one is cut in the middle, on its real socket.
            return inner.watch(request, AbortSignal.any([signal, AbortSignal.timeout(60)]));
          },
        }),
    });
    const reopened = (count: number) => eventually(() => expect(opened).to.be.at.least(count), { withinMs: 300_000, everyMs: 20 });
    await reopened(RECONNECTS / 5);
    const [memory, before] = [memoryInUse(), descriptors()];
    await reopened(RECONNECTS);
    const after = descriptors();
    console.log(`      ${before.sockets} sockets before, ${after.sockets} after`);
    expect(after.sockets - before.sockets, 'sockets').to.be.within(-10, 4);
    expectNoMoreThan(memory);
    await world.put('alive', { text: 'still' });
    await world.settled('alive');
  }).timeout(400_000);
});
