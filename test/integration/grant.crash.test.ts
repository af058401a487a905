import { expect } from 'chai';
import type { ResourceQuota } from '../../api/meta/builtin.ts';
import type { WatchBatch } from '../../controllers/runtime/watch-stream.ts';
import { recordWrites } from '../env/audit.ts';
import { crashAfterWrite, cutAfterEvent, remember, staleStart } from '../env/disturbances.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import type { RunningEngine } from '../env/engine.ts';
import { useGrants, type GrantWorld } from '../grant/world.ts';
import { ok } from '../env/api.ts';

const HARD = { 'requests.cpu': '1', 'requests.memory': '1Gi' };

/** What is in force: the hard CPU of the quota of the one slice there is, or that there is none. */
async function inForce(world: GrantWorld): Promise<string> {
  const [slice, ...more] = await world.slices();
  expect(more, 'never two slices').to.deep.equal([]);
  if (slice === undefined) return 'nothing';
  const answer = await api().call('GET', `/api/v1/namespaces/${slice}/resourcequotas/grant`);
  return answer.status === 200 ? (ok<ResourceQuota>(answer).status?.hard?.['requests.cpu'] ?? 'pending') : 'no quota';
}

const settles = (world: GrantWorld, want: string): Promise<void> =>
  eventually(async () => expect(await inForce(world)).to.equal(want), { withinMs: 30_000 }).then(() => undefined);

/** A Grant's life: made, changed, shrunk, taken back, given anew, deleted, and made again under its name. */
async function life(world: GrantWorld): Promise<void> {
  await world.create('g', { hard: HARD });
  await settles(world, '1');
  await world.change('g', { hard: { ...HARD, 'requests.cpu': '2' } });
  await settles(world, '2');
  await world.change('g', { hard: { ...HARD, 'requests.cpu': '500m' } });
  await settles(world, '500m');
  await world.change('g', { revoked: true });
  await settles(world, 'nothing');
  await world.change('g', { revoked: false });
  await settles(world, '500m');
  await world.remove('g');
  await eventually(async () => expect(await world.get('g')).to.equal(undefined), { withinMs: 30_000 });
  await world.create('g', { hard: HARD });
  await settles(world, '1');
  await world.because('g', 'InForce', 'Usable');
}

describe('a crash in the life of a Grant', () => {
  const world = useGrants();

  /** Lives that life with an operator that dies behind its nth write and is started anew; tells how many writes it made. */
  async function liveWithCrash(nth: number): Promise<number> {
    const death = Promise.withResolvers<void>();
    const engine = await world.run({ wrap: crashAfterWrite(nth, death.resolve) });
    let successor: Promise<RunningEngine> | undefined;
    void death.promise.then(() => (successor = engine.stop().then(() => world.run())));
    try {
      await life(world);
    } catch (error) {
      throw new Error(`after a crash behind write ${nth}: ${JSON.stringify(await world.get('g'))}`, { cause: error });
    }
    const next = await successor;
    const writes = engine.writes.length + (next?.writes.length ?? 0);
    await (next ?? engine).stop();
    return writes;
  }

  it('changes nothing of how it ends, wherever it happens', async () => {
    const writes = await liveWithCrash(Infinity);
    const all = Array.from({ length: writes }, (_, i) => i + 1);
    const start = Date.now() % writes;
    // All points in turn would take minutes: each run takes two, and says which.
    const points = process.env['TEST_FULL'] === undefined ? [start, (start + Math.floor(writes / 2)) % writes].map((i) => i + 1) : all;
    console.log(`      ${writes} writes; a crash behind ${points.join(', ')}`);
    for (const nth of points) {
      const cleaner = await world.run();
      await world.remove('g');
      await eventually(async () => expect(await world.get('g')).to.equal(undefined), { withinMs: 30_000 });
      await cleaner.stop();
      await liveWithCrash(nth);
    }
  }).timeout(1_800_000);
});

describe('a watch that is cut in the life of a Grant', () => {
  const world = useGrants();
  const cuts = ['grants', 'namespaces', 'resourcequotas'].flatMap((path) => [1, 3, 6].map((nth) => ({ path, nth })));
  // All of them would take minutes: each run takes one, and its name says which.
  const chosen = process.env['TEST_FULL'] === undefined ? cuts.slice(Date.now() % cuts.length).slice(0, 1) : cuts;

  for (const { path, nth } of chosen)
    it(`changes nothing of how it ends: ${path}, behind event ${nth}`, async () => {
      let cut = false;
      const engine = await world.run({ wrap: cutAfterEvent(nth, new RegExp(`/${path}$`), () => (cut = true)) });
      await life(world);
      expect(cut, 'the watch was cut').to.equal(true);
      await engine.stop();
    }).timeout(120_000);
});

describe('a restart that is shown an old world of Grants', () => {
  const world = useGrants();

  /** When the old world was seen, and what became of the Grant since; each ends with a slice of another name in force. */
  const pasts: readonly { readonly name: string; readonly photographed: () => Promise<void>; readonly since: () => Promise<void> }[] = [
    {
      name: 'in which the first epoch was in force',
      photographed: async () => void (await world.because('g', 'InForce', 'Usable')),
      since: async () => {
        await world.change('g', { revoked: true });
        await world.because('g', 'Revoked');
        await world.change('g', { revoked: false });
      },
    },
    {
      name: 'in which the Grant was revoked',
      photographed: async () => {
        await world.because('g', 'InForce', 'Usable');
        await world.change('g', { revoked: true });
        await world.because('g', 'Revoked');
      },
      since: () => world.change('g', { revoked: false }),
    },
    {
      name: 'in which another Grant had the name',
      photographed: async () => void (await world.because('g', 'InForce', 'Usable')),
      since: async () => {
        await world.remove('g');
        await eventually(async () => expect(await world.get('g')).to.equal(undefined), { withinMs: 30_000 });
        await world.create('g', { hard: HARD });
      },
    },
  ];

  // Both orders of each would take a minute more: each run takes one, and the names say which.
  const orders = process.env['TEST_FULL'] === undefined ? [['grants', 'namespaces'][Date.now() % 2] ?? ''] : ['grants', 'namespaces'];
  for (const past of pasts)
    for (const first of orders)
      it(`makes and takes away nothing on the strength of one ${past.name}, when ${first} catch up first`, async () => {
        const memory = new Map<string, WatchBatch>();
        const before = await world.run();
        await world.create('g', { hard: HARD });
        await past.photographed();
        await before.stop();
        await (await world.run({ wrap: remember(memory) })).stop();
        const second = await world.run();
        await past.since();
        const { status } = await world.because('g', 'InForce', 'Usable');
        await second.stop();
        const recording = await recordWrites(controlPlane(), api(), { userAgent: new RegExp(world.userAgent), resource: 'namespaces' });
        await world.run({ wrap: staleStart(memory, (path) => (path.includes(first) ? 200 : 1500)) });
        // Until well after everything has caught up.
        await new Promise((resolve) => setTimeout(resolve, 2500));
        const effects = (await recording.writes()).filter(({ verb, code }) => code === 201 || (verb === 'delete' && code === 200));
        expect(effects).to.deep.equal([]);
        await world.because('g', 'InForce', 'Usable');
        expect(await world.slices()).to.deep.equal([status?.namespace]);
      }).timeout(60_000);
});
