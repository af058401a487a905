import { expect } from 'chai';
import { controlPlane, api } from '../env/hooks.ts';
import { recordWrites } from '../env/audit.ts';
import { crashAfterWrite, remember, staleStart, swallowEvent, type Wrap } from '../env/disturbances.ts';
import type { WatchBatch } from '../../controllers/runtime/watch-stream.ts';
import { eventually } from '../env/eventually.ts';
import type { RunningEngine } from '../env/engine.ts';
import { useParcels, type ParcelWorld } from '../parcel/world.ts';

/** What a user does, step by step, each step at rest before the next: create, change, shrink, delete, create anew. */
const STORY: readonly ((world: ParcelWorld) => Promise<void>)[] = [
  async (world) => {
    await world.put('p', { text: 'one', note: 'n', to: world.elsewhere });
    await atRest(world, { here: 'one n', there: 'one n' });
  },
  async (world) => {
    await world.put('p', { text: 'two' });
    await atRest(world, { here: 'two' });
  },
  async (world) => {
    await world.remove('p');
    await world.gone('p');
    await atRest(world, {});
  },
  async (world) => {
    await world.put('p', { text: 'three', to: world.elsewhere });
    await atRest(world, { here: 'three', there: 'three' });
  },
];

/** The whole world as a user sees it, without what differs by nature. */
async function atRest(world: ParcelWorld, want: { readonly here?: string; readonly there?: string }): Promise<void> {
  await eventually(async () => {
    const found = await world.copies();
    const shown = found.map(({ metadata, data }) => [
      metadata.namespace === world.namespace ? 'here' : 'there',
      Object.entries(data ?? {})
        .toSorted(([a], [b]) => (a < b ? 1 : -1))
        .map(([, value]) => value)
        .join(' '),
    ]);
    expect(Object.fromEntries(shown)).to.deep.equal(want);
    const parcel = await world.get('p');
    if (parcel === undefined) return;
    const ready = parcel.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).to.include({ status: 'True', observedGeneration: parcel.metadata.generation });
  });
}

/** Creates and deletes that took effect, as a multiset: a crash may repeat an apply, never one of these. */
async function tellStory(world: ParcelWorld, play: () => Promise<void>): Promise<readonly string[]> {
  const recording = await recordWrites(controlPlane(), api(), { userAgent: new RegExp(world.userAgent), resource: 'configmaps' });
  await play();
  const writes = await recording.writes();
  const effects = writes.filter(({ verb, code }) => code === 201 || (verb === 'delete' && code === 200));
  return effects.map(({ verb, namespace, name }) => `${verb} ${namespace === world.namespace ? 'here' : 'there'} ${name}`).toSorted();
}

describe('a crash after any write', () => {
  const world = useParcels();

  /** Plays the story while an operator runs that dies after its nth write and is then started anew; tells whether it died. */
  async function playWithCrash(nth: number): Promise<{ readonly died: boolean; readonly effects: readonly string[] }> {
    const death = Promise.withResolvers<void>();
    let died = false;
    const engine = await world.run({ wrap: crashAfterWrite(nth, () => ((died = true), death.resolve())) });
    let successor: Promise<RunningEngine> | undefined;
    void death.promise.then(() => (successor = engine.stop().then(() => world.run())));
    const effects = await tellStory(world, async () => {
      for (const step of STORY) await step(world);
    });
    await (await successor)?.stop();
    if (!died) await engine.stop();
    await world.remove('p');
    return { died, effects };
  }

  it('leads to the same end with the same creates and deletes as no crash (checklist 16)', async () => {
    const undisturbed = await playWithCrash(Infinity);
    expect(undisturbed.effects).to.deep.equal([
      'delete here parcel-p',
      'delete there parcel-p',
      'patch here parcel-p',
      'patch here parcel-p',
      'patch there parcel-p',
      'patch there parcel-p',
    ]);
    let nth = 1;
    for (let died = true; died; nth++) {
      const cleaner = await world.run();
      await world.remove('p');
      await world.gone('p');
      await cleaner.stop();
      const disturbed = await playWithCrash(nth);
      expect(disturbed.effects, `after a crash behind write ${nth}`).to.deep.equal(undisturbed.effects);
      ({ died } = disturbed);
    }
    console.log(`      ${nth - 2} writes, a crash behind each`);
    expect(nth).to.be.above(10);
  }).timeout(180_000);
});

describe('a restart that is shown an old world', () => {
  const world = useParcels();

  for (const first of ['parcels', 'configmaps'])
    it(`makes and takes away nothing on the strength of it, when ${first} catch up first (checklist 16, 20)`, () =>
      showOldWorld(first)).timeout(60_000);

  async function showOldWorld(first: string): Promise<void> {
    const memory = new Map<string, WatchBatch>();
    // The old world: the Parcel wants one text in two places.
    const before = await world.run();
    await world.put('p', { text: 'old', note: 'n', to: world.elsewhere });
    await world.settled('p');
    await before.stop();
    const photographer = await world.run({ wrap: remember(memory) });
    await photographer.stop();
    // Meanwhile: another text, in one place only; and the other Parcel of that name is a new object altogether.
    const second = await world.run();
    await world.put('p', { text: 'new' });
    await atRest(world, { here: 'new' });
    await world.remove('p');
    await world.gone('p');
    await world.put('p', { text: 'newest' });
    await atRest(world, { here: 'newest' });
    await second.stop();
    const effects = await tellStory(world, async () => {
      await world.run({ wrap: staleStart(memory, (path) => (path.includes(first) ? 500 : 2500)) });
      await eventually(async () => expect(await world.copies()).to.have.length(1));
      await new Promise((resolve) => setTimeout(resolve, 4000));
      await atRest(world, { here: 'newest' });
    });
    expect(effects, 'nothing is made or taken away').to.deep.equal([]);
  }
});

describe('an event that is lost on the way', () => {
  const world = useParcels();
  const lose = (nth: number, path: RegExp): { wrap: Wrap; what: () => string } => {
    let what = '';
    return { wrap: swallowEvent(nth, path, (lost) => (what = lost)), what: () => what };
  };

  it('costs nothing after a restart: nothing depends on having seen it (checklist 16)', async () => {
    for (const path of [/parcels/, /configmaps/]) {
      for (let nth = 1; nth <= 5; nth++) {
        const { wrap, what } = lose(nth, path);
        const name = `p${nth}${path.source}`;
        const engine = await world.run({ wrap });
        await world.put(name, { text: 'one', to: world.elsewhere });
        await eventually(() => expect(what(), 'the event is lost').not.to.equal(''), { withinMs: 1500 }).catch(() => undefined);
        await engine.stop();
        const healthy = await world.run();
        await world.settled(name);
        await healthy.stop();
      }
    }
  }).timeout(90_000);
});
