import { expect } from 'chai';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import type { PersistentVolume } from '../../api/meta/builtin.ts';
import { grantController } from '../../controllers/grant/controller.ts';
import { systemClock, type Clock } from '../../controllers/runtime/clock.ts';
import type { ApiRequest } from '../../controllers/runtime/transport.ts';
import { untilIdle } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { fluxStatus } from '../env/kstatus.ts';
import { api } from '../env/hooks.ts';
import { ok } from '../env/api.ts';
import { foundRealm } from '../grant/realm.ts';
import { grantsIn } from '../grant/schema.ts';
import { seedSpec } from '../grant/seed.ts';
import { leapingClock } from '../fault/clock.ts';
import { useGrants } from '../grant/world.ts';

const HALF = { 'requests.cpu': '4', 'requests.memory': '1Gi' };

/** A wall clock that runs from another day on; delays are what they are. */
function clockAt(day: string): Clock {
  const ahead = Date.parse(day) - Date.now();
  return { ...systemClock, date: () => new Date(Date.now() + ahead) };
}

describe('the end of a Grant', () => {
  const world = useGrants();

  it('takes the namespace back when it is revoked, and begins anew in another when that is undone', async () => {
    await world.run();
    await world.create('g', { hard: HALF });
    const first = (await world.because('g', 'InForce', 'Usable')).status?.namespace ?? '';
    await world.change('g', { revoked: true, hard: { 'requests.cpu': '1' } });
    const revoked = await world.because('g', 'Revoked');
    expect(revoked.status?.hard, 'what was lent').to.include(HALF);
    expect(revoked.status).to.include({ phase: 'Revoked', epoch: 1 }).and.not.have.property('namespace');
    expect(revoked.status?.ended).to.include({ epoch: 1, reason: 'Revoked' });
    expect((await api().call('GET', `/api/v1/namespaces/${first}`)).status).to.equal(404);
    expect((await fluxStatus(revoked)).status, 'Flux need not wait').to.equal('Current');
    await world.change('g', { revoked: false, hard: HALF });
    const second = await world.because('g', 'InForce', 'Usable');
    expect(second.status).to.include({ epoch: 2 }).and.not.have.property('ended');
    expect(second.status?.namespace).not.to.equal(first);
  });

  it('is written down before anything of it is done', async () => {
    const engine = await world.run();
    await world.create('g', { hard: HALF });
    await world.because('g', 'InForce', 'Usable');
    await untilIdle(engine);
    const before = engine.writes.length;
    await world.change('g', { revoked: true });
    await world.because('g', 'Revoked');
    const isStatus = ({ path }: ApiRequest): boolean => path.endsWith('/grants/g/status');
    const records = ({ body }: ApiRequest): boolean => (body as Grant).status?.ended?.epoch === 1;
    // What is used may be counted, and said, at any moment.
    const first = engine.writes.slice(before).find((write) => !isStatus(write) || records(write));
    expect(first, JSON.stringify(first)).to.satisfy(isStatus);
  });

  const LOCAL = '/apis/guildnet.io/v1alpha1/clusterregistrations/local';
  const hard = { 'requests.cpu': '1', 'requests.memory': '1Gi' };
  const readyIn = ({ status }: Grant): string => status?.conditions?.[0]?.message ?? '';
  /** Lets the realm begin anew, under another name. */
  async function rename(): Promise<void> {
    await foundRealm(api());
    const another = { status: { realm: 'alice-new', observedGeneration: 1 } };
    ok(await api().call('PATCH', `${LOCAL}/status`, { body: another, contentType: 'application/merge-patch+json' }));
  }

  it('comes as well where the realm has another name by then, or none', async () => {
    await world.run();
    for (const name of ['renamed', 'nameless']) await world.create(name, { hard });
    for (const name of ['renamed', 'nameless']) await world.because(name, 'InForce', 'Usable');
    ok(await api().call('DELETE', LOCAL));
    await world.because('renamed', 'RealmUnknown');
    // What is lent goes on.
    await world.because('renamed', 'InForce', 'Usable');
    await world.change('nameless', { revoked: true });
    await world.because('nameless', 'Revoked');
    await rename();
    const stays = await world.because('renamed', 'NotGrantor');
    expect(readyIn(stays)).to.include(stays.status?.namespace).and.include('revoked');
    await world.change('renamed', { revoked: true });
    await world.because('renamed', 'Revoked');
    expect(await world.slices()).to.deep.equal([]);
    // It does not begin anew: it is not this realm's any more.
    await world.change('renamed', { revoked: false });
    const over = await world.because('renamed', 'NotGrantor');
    expect(readyIn(over)).to.include('has no effect');
  });

  it('comes by the clock alone where the realm has another name by then', async () => {
    const clock = leapingClock();
    await world.run({ clock });
    const validUntil = new Date(clock.date().getTime() + 100_000).toISOString().replace(/\.\d+/, '');
    await world.create('short', { hard, validity: { validUntil } });
    await world.because('short', 'InForce', 'Usable');
    ok(await api().call('DELETE', LOCAL));
    await rename();
    // Nobody touches it, nor anything in its slice.
    await world.because('short', 'NotGrantor');
    clock.leap(100_000);
    await world.because('short', 'Expired');
    await world.remove('short');
    await eventually(async () => expect(await world.get('short')).to.equal(undefined), { withinMs: 20_000 });
  });

  it('comes by the clock: the seed’s example is Expired now and makes nothing, and was Active in 2025', async () => {
    await world.carry({ cpu: '8', memory: '32Gi', 'nvidia.com/gpu': '1' });
    const now = await world.run();
    await world.create('seed', seedSpec());
    const expired = await world.because('seed', 'Expired');
    expect(expired.status).to.include({ phase: 'Expired' });
    expect(
      now.writes.filter(({ body }) => JSON.stringify(body).includes('about to be taken back')),
      'there is nothing to take',
    ).to.deep.equal([]);
    expect(await world.slices()).to.deep.equal([]);
    expect((await fluxStatus(expired)).status).to.equal('Current');
    await world.remove('seed');
    await eventually(async () => expect(await world.get('seed')).to.equal(undefined));
    await now.stop();
    const then = await world.run({ clock: clockAt('2025-07-01T00:00:00Z') });
    await world.create('seed', seedSpec());
    const active = await world.because('seed', 'InForce', 'Usable');
    expect(active.status).to.include({ phase: 'Active' });
    await then.stop();
    // Its time passes while nobody is there.
    await world.run();
    await world.because('seed', 'Expired');
    expect(await world.slices()).to.deep.equal([]);
  });

  it('waits for its beginning, Ready and not usable', async () => {
    await world.run();
    await world.create('future', { hard: HALF, validity: { validFrom: '2099-01-01T00:00:00Z' } });
    const grant = await world.because('future', 'NotYetValid');
    expect(grant.status).to.include({ phase: 'Pending' });
    expect(await world.slices()).to.deep.equal([]);
    expect((await fluxStatus(grant)).status).to.equal('Current');
  });

  it('is carried through although it is undone before anything was taken away', async () => {
    const engine = await world.run();
    await world.create('g', { hard: HALF });
    const first = (await world.because('g', 'InForce', 'Usable')).status?.namespace ?? '';
    await engine.stop();
    // What an operator leaves that dies between the record of the end and the end itself, and an owner who changes their mind.
    const ended = { epoch: 1, reason: 'Revoked', at: '2030-01-01T00:00:00Z' };
    const status = { ...(await world.get('g'))?.status, ended };
    const path = `${grantsIn(world.namespace)}/g/status?fieldManager=keystone-grant&force=true`;
    const body = { apiVersion: 'keystone.io/v1alpha1', kind: 'Grant', metadata: { name: 'g' }, status };
    ok(await api().call('PATCH', path, { contentType: 'application/apply-patch+yaml', body }));
    await world.run();
    await eventually(async () => expect((await world.get('g'))?.status).to.include({ epoch: 2, phase: 'Active' }));
    const second = await world.because('g', 'InForce', 'Usable');
    await eventually(async () => expect((await api().call('GET', `/api/v1/namespaces/${first}`)).status).to.equal(404));
    expect(await world.slices()).to.deep.equal([second.status?.namespace]);
  });

  it('comes as it was to come for one whose namespace is not served any more', async () => {
    const before = await world.run();
    await world.create('g', { hard: HALF });
    const { metadata } = await world.because('g', 'InForce', 'Usable');
    await before.stop();
    const settings = { grantNamespaces: ['elsewhere'], capacityReserve: 0 };
    await world.run({ controllers: [grantController(settings)] });
    await world.change('g', { hard: { ...HALF, 'requests.memory': '2Gi' } });
    await world.because('g', 'InForce', 'Usable');
    await world.change('g', { revoked: true });
    await eventually(async () => expect((await world.get('g'))?.status?.phase).to.equal('Revoked'));
    await eventually(async () => expect(await world.slices()).to.deep.equal([]), { withinMs: 20_000 });
    await world.change('g', { revoked: false });
    await world.because('g', 'NamespaceNotServed');
    const refused = await world.because('g', 'NamespaceNotServed', 'Usable');
    expect(refused.status?.phase, 'it is not revoked any more').to.equal('Pending');
    expect(metadata.namespace).to.equal(world.namespace);
  });

  it('leaves nothing behind when it is deleted, and a new one of that name has a new namespace', async () => {
    await world.run();
    await world.create('g', { hard: HALF });
    const first = (await world.because('g', 'InForce', 'Usable')).status?.namespace ?? '';
    await world.remove('g');
    await eventually(async () => expect(await world.get('g')).to.equal(undefined), { withinMs: 30_000 });
    expect((await api().call('GET', `/api/v1/namespaces/${first}`)).status).to.equal(404);
    await world.create('g', { hard: HALF });
    const second = (await world.because('g', 'InForce', 'Usable')).status?.namespace;
    expect(second).not.to.equal(first);
  });
});

describe('the data of a guest', () => {
  const world = useGrants();

  it('outlives the Grant: the volume stays, says whose it was and until when, and holds up nothing', async () => {
    await world.run();
    await world.create('g', {
      hard: { ...HALF, 'requests.storage': '10Gi', 'fast.storageclass.storage.k8s.io/requests.storage': '10Gi' },
      dataRetention: '48h',
    });
    const grant = await world.because('g', 'InForce', 'Usable');
    const namespace = grant.status?.namespace ?? '';
    const name = `data-${namespace}`;
    const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'fast' };
    const volume = {
      ...common,
      capacity: { storage: '1Gi' },
      hostPath: { path: '/tmp/data' },
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { namespace, name: 'data' },
    };
    ok(await api().call('POST', '/api/v1/persistentvolumes', { body: { metadata: { name }, spec: volume } }));
    const claim = { metadata: { name: 'data' }, spec: { ...common, resources: { requests: { storage: '1Gi' } } } };
    ok(await api().call('POST', `/api/v1/namespaces/${namespace}/persistentvolumeclaims`, { body: claim }));
    const pv = async () => ok<PersistentVolume>(await api().call('GET', `/api/v1/persistentvolumes/${name}`));
    await eventually(async () => expect((await pv()).status?.phase).to.equal('Bound'), { withinMs: 30_000 });
    await eventually(async () => expect((await world.get('g'))?.status?.summary).to.include({ storage: '1Gi/10Gi' }));
    await world.remove('g');
    await eventually(async () => expect(await world.get('g')).to.equal(undefined), { withinMs: 30_000 });
    await eventually(async () => expect((await pv()).status?.phase).to.equal('Released'), { withinMs: 30_000 });
    const { metadata, spec } = await pv();
    expect(spec?.persistentVolumeReclaimPolicy).to.equal('Retain');
    expect(metadata.labels).to.include({ 'keystone.io/retained-from': grant.metadata.uid });
    const hours = (Date.parse(metadata.annotations?.['keystone.io/retained-until'] ?? '') - Date.now()) / 3_600_000;
    expect(hours).to.be.within(47.5, 48);
    await api().call('DELETE', `/api/v1/persistentvolumes/${name}`);
  });
});
