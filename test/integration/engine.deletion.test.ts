import { expect } from 'chai';
import type { ConfigMap } from '../../api/meta/builtin.ts';
import { recordWrites } from '../env/audit.ts';
import { laggingWatch, slowWrites } from '../env/disturbances.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { createNamespace, deleteNamespace } from '../env/namespace.ts';
import { useParcels } from '../parcel/world.ts';
import { untilIdle } from '../env/engine.ts';

describe('a finalizer', () => {
  const world = useParcels();

  it('is there in a write of its own before anything else is (checklist 19)', async () => {
    const recording = await recordWrites(controlPlane(), api(), { userAgent: new RegExp(world.userAgent) });
    await world.run();
    await world.put('p', { text: 'one', to: world.elsewhere });
    const parcel = await world.settled('p');
    expect(parcel.metadata.finalizers).to.deep.equal(['test.keystone.io/parcel']);
    const writes = (await recording.writes()).map(({ verb, resource, subresource }) => `${verb} ${resource} ${subresource}`.trim());
    // How often the status says that work goes on depends on how fast the caches follow.
    expect(writes.slice(0, 4)).to.deep.equal(['patch parcels', 'patch configmaps', 'patch configmaps', 'patch parcels status']);
  });

  it('stays while the ending waits, and the condition names what it waits for (checklist 19)', async () => {
    await world.run();
    await world.put('stuck', { text: 'one', to: world.elsewhere, trouble: 'Stuck' });
    await world.settled('stuck');
    await world.remove('stuck');
    const parcel = await world.settled('stuck', 'False');
    const ready = parcel.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).to.include({ reason: 'Deleting', message: 'The ending waits because the test asked for it' });
    expect(parcel.metadata.finalizers).to.deep.equal(['test.keystone.io/parcel']);
    expect(await world.copies(), 'nothing is taken away before the ending says so').to.have.length(2);
    await world.put('stuck', { text: 'one', to: world.elsewhere });
    await world.gone('stuck');
    expect(await world.copies()).to.deep.equal([]);
  });

  it('leaves the finalizers of others alone', async () => {
    await world.run();
    await world.put('p', { text: 'one' });
    await world.settled('p');
    const path = `/apis/test.keystone.io/v1alpha1/namespaces/${world.namespace}/parcels/p`;
    const finalizers = (names: readonly string[]) =>
      api().call('PATCH', path, { body: { metadata: { finalizers: names } }, contentType: 'application/merge-patch+json' });
    await finalizers(['test.keystone.io/parcel', 'example.com/theirs']);
    await world.remove('p');
    await eventually(async () => expect((await world.get('p'))?.metadata.finalizers).to.deep.equal(['example.com/theirs']));
    await finalizers([]);
    await world.gone('p');
  });
});

describe('a delete', () => {
  const world = useParcels();
  const copyPath = () => `/api/v1/namespaces/${world.elsewhere}/configmaps/parcel-p`;

  it('never hits an object that was made anew under the same name, however old the cache is (checklist 18)', async () => {
    const engine = await world.run();
    await world.put('p', { text: 'one', to: world.elsewhere });
    await world.settled('p');
    await untilIdle(engine);
    await engine.stop();
    // From now on this operator hears of ConfigMaps three seconds late, so it still believes in the first one.
    const late = await world.run({ wrap: laggingWatch(3000, /configmaps/) });
    await api().call('DELETE', copyPath());
    const stranger = { metadata: { name: 'parcel-p' }, data: { text: 'not yours' } };
    await api().call('POST', `/api/v1/namespaces/${world.elsewhere}/configmaps`, { body: stranger });
    await world.put('p', { text: 'one' });
    await eventually(() => expect(late.writes.map(({ method }) => method)).to.include('DELETE'));
    await world.settled('p');
    await untilIdle(late);
    expect((await api().call('GET', copyPath())).body).to.have.nested.property('data.text', 'not yours');
  });

  it('counts before the cache shows it: nothing that is gone is taken for kept', async () => {
    const engine = await world.run();
    await world.put('p', { text: 'one', to: world.elsewhere });
    await world.settled('p');
    await untilIdle(engine);
    await engine.stop();
    const late = await world.run({ wrap: laggingWatch(2000, /configmaps/) });
    await world.put('p', { text: 'one' });
    await eventually(() => expect(late.writes.map(({ method }) => method)).to.include('DELETE'));
    await world.put('p', { text: 'one', to: world.elsewhere });
    await world.settled('p');
    expect((await api().call('GET', copyPath())).status, 'Ready means that it is there').to.equal(200);
  });

  it('by somebody else that something holds up is said, and mended once it can be', async () => {
    await world.run();
    await world.put('p', { text: 'one', to: world.elsewhere });
    await world.settled('p');
    const hold = (finalizers: readonly string[]) =>
      api().call('PATCH', copyPath(), { body: { metadata: { finalizers } }, contentType: 'application/merge-patch+json' });
    await hold(['example.com/held']);
    await api().call('DELETE', copyPath());
    await eventually(async () => {
      const ready = (await world.get('p'))?.status?.conditions?.find(({ type }) => type === 'Ready');
      expect(ready).to.include({ status: 'False', reason: 'ChildTerminating' });
      expect(ready?.message).to.include('example.com/held');
    });
    await hold([]);
    await world.settled('p');
    expect((await api().call('GET', copyPath())).status).to.equal(200);
  });

  it('of the owner in the middle of a pass brings no child back (checklist 20)', async () => {
    const engine = await world.run({ wrap: slowWrites(40) });
    for (let repeat = 0; repeat < 20; repeat++) {
      await world.put('p', { text: `text ${repeat}`, to: world.elsewhere });
      // Somewhere in the middle of finalizer, two children and status.
      await new Promise((resolve) => setTimeout(resolve, 15 * repeat));
      await world.remove('p');
      await world.gone('p');
      await untilIdle(engine);
      await eventually(async () => expect(await world.copies(), `repeat ${repeat}`).to.deep.equal([]));
    }
  });
});

describe('a name that is taken', () => {
  const world = useParcels();
  const there = () => `/api/v1/namespaces/${world.elsewhere}/configmaps/parcel-p`;

  it('is left to the stranger who has it, and said', async () => {
    const engine = await world.run();
    const stranger = { metadata: { name: 'parcel-p' }, data: { text: 'not yours' } };
    await api().call('POST', `/api/v1/namespaces/${world.elsewhere}/configmaps`, { body: stranger });
    await world.put('p', { text: 'ours', to: world.elsewhere });
    const parcel = await world.settled('p', 'False');
    expect(parcel.status?.conditions?.map(({ type, reason }) => `${type} ${reason}`)).to.deep.equal([
      'Ready NameTaken',
      'Reconciling NameTaken',
    ]);
    await world.remove('p');
    await world.gone('p');
    const { body } = await api().call('GET', there());
    expect(body).to.have.nested.property('data.text', 'not yours');
    expect(body).not.to.have.nested.property('metadata.labels');
    await engine.stop();
  });

  it('is used once the stranger has left it, without anybody touching the owner', async () => {
    const engine = await world.run();
    await api().call('POST', `/api/v1/namespaces/${world.elsewhere}/configmaps`, { body: { metadata: { name: 'parcel-p' } } });
    await world.put('p', { text: 'ours', to: world.elsewhere });
    await world.settled('p', 'False');
    await api().call('DELETE', there());
    await world.settled('p');
    expect((await api().call('GET', there())).body).to.have.nested.property('data.text', 'ours');
    await engine.stop();
  });

  it('is not fought over by two owners: the first has it', async () => {
    const other = await createNamespace(api());
    const engine = await world.run();
    await world.put('p', { text: 'first', to: world.elsewhere });
    await world.settled('p');
    const second = {
      apiVersion: 'test.keystone.io/v1alpha1',
      kind: 'Parcel',
      metadata: { name: 'p' },
      spec: { text: 'second', to: world.elsewhere },
    };
    const path = `/apis/test.keystone.io/v1alpha1/namespaces/${other}/parcels`;
    await api().call('POST', path, { body: second });
    await eventually(async () =>
      expect((await api().call('GET', `${path}/p`)).body).to.have.nested.property('status.conditions[0].reason', 'NameTaken'),
    );
    await untilIdle(engine);
    const before = engine.writes.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(engine.writes.length - before, 'writes while nobody touches anything').to.equal(0);
    expect((await api().call('GET', there())).body).to.have.nested.property('data.text', 'first');
    await api().call('DELETE', `${path}/p`);
    await eventually(async () => expect((await api().call('GET', `${path}/p`)).status).to.equal(404));
    await engine.stop();
    await deleteNamespace(api(), other);
  });
});

describe('ownership', () => {
  const world = useParcels();
  const survives = process.env['TEST_FULL'] === undefined ? 10_000 : 120_000;

  it(`keeps a child in another namespace from the garbage collector, watched for ${survives / 1000} s`, async () => {
    const engine = await world.run();
    await world.put('p', { text: 'one', to: world.elsewhere });
    await world.settled('p');
    const before = (await world.copies()).find(({ metadata }) => metadata.namespace === world.elsewhere);
    await untilIdle(engine);
    await engine.stop();
    const until = performance.now() + survives;
    while (performance.now() < until) {
      const { body, status } = await api().call('GET', `/api/v1/namespaces/${world.elsewhere}/configmaps/parcel-p`);
      expect(status).to.equal(200);
      expect(body).to.have.nested.property('metadata.uid', before?.metadata.uid);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }).timeout(survives + 30_000);

  it('refers to the owner only where the garbage collector understands it', async () => {
    await world.run();
    await world.put('p', { text: 'one', to: world.elsewhere });
    const parcel = await world.settled('p');
    const owners = (copy: ConfigMap) => (copy.metadata.ownerReferences ?? []).map(({ uid, controller }) => ({ uid, controller }));
    const copies = await world.copies();
    const here = copies.filter(({ metadata }) => metadata.namespace === world.namespace);
    const there = copies.filter(({ metadata }) => metadata.namespace === world.elsewhere);
    expect(here.flatMap(owners)).to.deep.equal([{ uid: parcel.metadata.uid, controller: true }]);
    expect(there.flatMap(owners)).to.deep.equal([]);
    expect(copies.map(({ metadata }) => metadata.labels?.['keystone.io/owner-uid'])).to.deep.equal([
      parcel.metadata.uid,
      parcel.metadata.uid,
    ]);
  });
});
