import { expect } from 'chai';
import { ApiError } from '../../controllers/runtime/errors.ts';
import { laggingWatch, refuseWrites } from '../env/disturbances.ts';
import { eventually } from '../env/eventually.ts';
import { fluxStatus } from '../env/kstatus.ts';
import { useParcels, type ParcelWorld } from '../parcel/world.ts';
import { untilIdle } from '../env/engine.ts';
import { parcelController } from '../parcel/controller.ts';
import { defineController, type Controller } from '../../controllers/runtime/controller.ts';
import { Parcel } from '../parcel/parcel.ts';
import { generationChanged, TransientError, TerminalError } from '../../controllers/runtime/index.ts';

/** A controller in place of the real one that does nothing but fail, and notes when. */
function failing(world: ParcelWorld, error: () => Error, name = 'parcel'): { readonly controller: Controller; readonly times: number[] } {
  const times: number[] = [];
  const controller = defineController<Parcel, object>({
    name,
    for: Parcel,
    when: generationChanged,
    rbac: [],
    facts: () => ({}),
    plan: () => [
      async ({ object }) => {
        // What earlier tests left on its way out is none of this one's.
        if (object.metadata.namespace !== world.namespace) return;
        times.push(performance.now());
        throw error();
      },
    ],
    status: () => ({ ready: { status: 'True', reason: 'Kept', message: 'Never said' } }),
  });
  return { controller, times };
}

describe('a failure', () => {
  const world = useParcels();

  it('that only a human can cure is said once and not tried again until the object changes (checklist 22)', async () => {
    const { controller, times } = failing(world, () => new TerminalError('OnPurpose', 'Only a human can help'));
    const engine = await world.run({ controllers: [controller] });
    await world.put('p', { text: 'one' });
    const parcel = await world.settled('p', 'False');
    expect(parcel.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`)).to.deep.equal([
      'Ready=False OnPurpose',
      'Stalled=True OnPurpose',
    ]);
    await untilIdle(engine);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(times).to.have.length(1);
    await world.put('p', { text: 'two' });
    await eventually(() => expect(times).to.have.length(2));
    await engine.stop();
    await world.remove('p');
  });

  it('that a retry may cure backs off further and further (checklist 22)', async () => {
    const { controller, times } = failing(world, () => new TransientError('OnPurpose', 'A retry may help'));
    const engine = await world.run({ controllers: [controller] });
    await world.put('p', { text: 'one' });
    await eventually(() => expect(times.length).to.be.at.least(9));
    const waits = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    // The first waits are shorter than the distance that passes keep; behind them each is about twice the one before.
    expect(Math.min(...waits), waits.join()).to.be.at.least(95);
    expect(waits.at(-1), waits.join()).to.be.above(300);
    expect(
      engine.writes.filter(({ path }) => path.endsWith('/status')),
      'the same words are written once',
    ).to.have.length(1);
    await engine.stop();
    await world.remove('p');
  });

  it('of a lost race reaches neither condition nor event (checklist 21)', async () => {
    const conflict = () => new ApiError(409, 'Conflict', 'the object has been modified');
    await world.run({ wrap: refuseWrites(3, ({ path }) => path.includes('configmaps'), conflict) });
    await world.put('p', { text: 'one' });
    const parcel = await world.settled('p');
    expect(parcel.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).to.deep.equal(['Ready=True']);
    expect(parcel.status?.conditions?.map(({ message }) => message).join()).not.to.match(/modified|onflict/);
  });

  it('of the API server holds up nothing for longer than it lasts', async () => {
    const overload = () => new ApiError(429, 'TooManyRequests', 'try later', { retryAfterMs: 300 });
    const engine = await world.run({ wrap: refuseWrites(4, () => true, overload) });
    await world.put('p', { text: 'one' });
    await world.settled('p');
    expect(engine.statusFaults).to.deep.equal([]);
  });
});

describe('the stale-cache gate', () => {
  const world = useParcels();

  it('lets nobody decide on what is older than the last write (checklist 16)', async () => {
    const engine = await world.run({ wrap: laggingWatch(400, /./) });
    await world.put('p', { text: 'one', to: world.elsewhere });
    await world.settled('p');
    await untilIdle(engine);
    const writes = engine.writes.map(
      ({ method, path }) => `${method} ${path.replace(world.namespace, 'here').replace(world.elsewhere, 'there')}`,
    );
    expect(writes.filter((write) => write.includes('configmaps'))).to.have.members([
      'PATCH /api/v1/namespaces/here/configmaps/parcel-p',
      'PATCH /api/v1/namespaces/there/configmaps/parcel-p',
    ]);
    expect(
      writes.filter((write) => write.endsWith('parcels/p')),
      'one finalizer',
    ).to.have.length(1);
  });
});

describe('what Flux makes of it', () => {
  const world = useParcels();

  it('follows the table of moments: InProgress, Current, Failed, Terminating (checklist 12)', async () => {
    const judged = async (name: string) =>
      (await fluxStatus({ apiVersion: 'test.keystone.io/v1alpha1', kind: 'Parcel', ...(await world.get(name)) })).status;
    await world.put('p', { text: 'one' });
    expect(await judged('p'), 'before the first visit').to.equal('InProgress');
    const engine = await world.run();
    await world.settled('p');
    expect(await judged('p')).to.equal('Current');
    await engine.stop();
    await world.put('p', { text: 'two' });
    expect(await judged('p'), 'a change that nobody has seen yet').to.equal('InProgress');
    const again = await world.run();
    await world.settled('p');
    await world.put('p', { text: 'two', trouble: 'Waiting' });
    await world.settled('p', 'False');
    expect(await judged('p'), 'waiting').to.equal('InProgress');
    await world.put('p', { text: 'two', trouble: 'Terminal' });
    await world.settled('p', 'False');
    await eventually(async () => expect(await judged('p'), 'only a human can help').to.equal('Failed'));
    await world.put('p', { text: 'two', trouble: 'Stuck' });
    await world.settled('p');
    await world.remove('p');
    await eventually(async () => expect(await judged('p')).to.equal('Terminating'));
    await world.put('p', { text: 'two' });
    await world.gone('p');
    await again.stop();
  });
});

describe('controllers of one process', () => {
  const world = useParcels();

  it('share one watch of a resource', async () => {
    const other = failing(world, () => new TerminalError('OnPurpose', 'Only a human can help'), 'another');
    const watched: string[] = [];
    const engine = await world.run({
      controllers: [parcelController, other.controller],
      wrap: (inner) => ({
        ...inner,
        request: (r, s) => inner.request(r, s),
        close: () => inner.close(),
        watch: (r, s) => (watched.push(r.path), inner.watch(r, s)),
      }),
    });
    await engine.stop();
    expect(watched.filter((path) => path.includes('parcels'))).to.have.length(1);
  });
});
