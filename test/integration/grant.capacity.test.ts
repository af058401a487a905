import { expect } from 'chai';
import { untilIdle } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import type { ResourceQuota } from '../../api/meta/builtin.ts';
import { ok } from '../env/api.ts';
import { fluxStatus } from '../env/kstatus.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { leapingClock } from '../fault/clock.ts';
import { decentPod } from '../grant/pod.ts';
import { breakGlass } from '../grant/glass.ts';
import { useGrants } from '../grant/world.ts';

const HALF = { 'requests.cpu': '4', 'requests.memory': '1Gi' };

describe('the capacity that Grants share', () => {
  const world = useGrants();

  it('lets one of two in that race for the last CPU: the older', async () => {
    const engine = await world.run();
    await world.create('older', { hard: { 'requests.cpu': '5', 'requests.memory': '1Gi' } });
    // Kubernetes tells ages in whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await world.create('newer', { hard: { 'requests.cpu': '5', 'requests.memory': '1Gi' } });
    await world.because('older', 'InForce', 'Usable');
    const waiting = await world.because('newer', 'InsufficientCapacity');
    expect(waiting.status?.phase).to.equal('Pending');
    expect(waiting.status?.conditions?.[0]?.message).to.include('2 cpu missing');
    expect((await fluxStatus(waiting)).status).to.equal('InProgress');
    expect(await world.slices()).to.have.length(1);
    await world.remove('older');
    await world.because('newer', 'InForce', 'Usable');
    await engine.stop();
  });

  it('lets exactly one of two in that are made at the same moment', async () => {
    await world.run();
    const names = ['one', 'two'];
    await Promise.all(names.map((name) => world.create(name, { hard: { 'requests.cpu': '5', 'requests.memory': '1Gi' } })));
    const reasons = async () => {
      const grants = await Promise.all(names.map((name) => world.get(name)));
      return grants
        .map((grant) => grant?.status?.conditions?.find(({ type }) => type === 'Usable')?.reason)
        .toSorted((a = '', b = '') => a.localeCompare(b));
    };
    await eventually(async () => expect(await reasons()).to.deep.equal(['InForce', 'InsufficientCapacity']), { withinMs: 20_000 });
    expect(await world.slices()).to.have.length(1);
  });

  it('is asked again by a Grant that comes back, though its old namespace is still there', async () => {
    await world.run();
    await world.create('back', { hard: { 'requests.cpu': '5', 'requests.memory': '1Gi' } });
    const slice = (await world.because('back', 'InForce', 'Usable')).status?.namespace ?? '';
    // What holds a namespace up: a guest's object with a finalizer would be refused, ours for this test is not.
    await mustHold(slice, true);
    await world.change('back', { revoked: true });
    await world.because('back', 'NamespaceTerminating');
    await world.create('other', { hard: { 'requests.cpu': '5', 'requests.memory': '1Gi' } });
    await world.because('other', 'InForce', 'Usable');
    await world.change('back', { revoked: false });
    const waiting = await world.because('back', 'InsufficientCapacity');
    expect(waiting.status).to.include({ phase: 'Pending', epoch: 1 });
    await mustHold(slice, false);
    await world.remove('other');
    const again = await world.because('back', 'InForce', 'Usable');
    expect(again.status?.namespace).not.to.equal(slice);
  });

  /** Puts a finalizer on a ConfigMap of a slice, or takes it away: that holds the namespace up. */
  const mustHold = (slice: string, held: boolean) =>
    breakGlass([
      'patch',
      'configmap/kube-root-ca.crt',
      '-n',
      slice,
      '--type=merge',
      '-p',
      JSON.stringify({ metadata: { finalizers: held ? ['example.com/held'] : null } }),
    ]);

  it('is asked again when somebody’s time is over, by the clock alone', async () => {
    const clock = leapingClock();
    await world.run({ clock });
    // Near enough that no watch is taken for dead when the clock leaps there.
    const validUntil = new Date(clock.date().getTime() + 100_000).toISOString().replace(/\.\d+/, '');
    await world.create('short', { hard: { 'requests.cpu': '7', 'requests.memory': '1Gi' }, validity: { validUntil } });
    await world.because('short', 'InForce', 'Usable');
    await world.create('waits', { hard: { 'requests.cpu': '7', 'requests.memory': '1Gi' } });
    await world.because('waits', 'InsufficientCapacity');
    clock.leap(100_000);
    await world.because('short', 'Expired');
    await world.because('waits', 'InForce', 'Usable');
  });

  it('is asked by who wants more than was lent, and meanwhile what was lent goes on', async () => {
    await world.run();
    await world.create('grows', { hard: { 'requests.cpu': '1', 'requests.memory': '1Gi' } });
    const slice = (await world.because('grows', 'InForce', 'Usable')).status?.namespace ?? '';
    const inForce = async () => {
      const { spec } = ok<ResourceQuota>(await api().call('GET', `/api/v1/namespaces/${slice}/resourcequotas/grant`));
      return spec?.hard?.['requests.cpu'];
    };
    await world.create('other', { hard: { 'requests.cpu': '4', 'requests.memory': '1Gi' } });
    await world.because('other', 'InForce', 'Usable');
    await world.change('grows', { hard: { 'requests.cpu': '5', 'requests.memory': '1Gi' } });
    const waiting = await world.because('grows', 'InsufficientCapacity');
    expect(waiting.status).to.include({ phase: 'Active', namespace: slice });
    expect(waiting.status?.conditions?.[0]?.message).to.include('1 cpu missing').and.include('goes on');
    await world.because('grows', 'InForce', 'Usable');
    expect(await inForce()).to.equal('1');
    expect((await fluxStatus(waiting)).status).to.equal('InProgress');
    await world.because('other', 'CapacityAvailable', 'CapacityAvailable');
    await world.remove('other');
    await world.because('grows', 'InForce');
    expect(await inForce()).to.equal('5');
  });

  /** Begins a Pod in a slice, as its guest does, and tells where it is. */
  async function startIn(slice: string, name: string, cpu: string): Promise<string> {
    const pods = `/api/v1/namespaces/${slice}/pods`;
    const body = decentPod(name, { requests: { cpu, memory: '64Mi' }, limits: { cpu, memory: '64Mi' } });
    await eventually(async () => void ok(await api().call('POST', pods, { body })));
    return `${pods}/${name}`;
  }

  it('is not given to another while what ran before a shrink runs on', async () => {
    await world.run();
    await world.create('shrinks', { hard: { 'requests.cpu': '8', 'requests.memory': '1Gi' } });
    const slice = (await world.because('shrinks', 'InForce', 'Usable')).status?.namespace ?? '';
    const pod = await startIn(slice, 'guest', '7');
    await eventually(async () => expect((await world.get('shrinks'))?.status?.used).to.include({ 'requests.cpu': '7' }));
    await world.change('shrinks', { hard: { 'requests.cpu': '1', 'requests.memory': '1Gi' } });
    await world.because('shrinks', 'OverQuota', 'OverQuota');
    await world.create('waits', { hard: HALF });
    const waits = await world.because('waits', 'InsufficientCapacity');
    expect(waits.status?.conditions?.[0]?.message).to.include('3 cpu missing').and.include('still used');
    // What was let go of can be had again by who still uses it.
    await world.change('shrinks', { hard: { 'requests.cpu': '7', 'requests.memory': '1Gi' } });
    await world.because('shrinks', 'InForce', 'Usable');
    await world.change('shrinks', { hard: { 'requests.cpu': '1', 'requests.memory': '1Gi' } });
    await world.because('shrinks', 'OverQuota', 'OverQuota');
    await api().call('DELETE', `${pod}?gracePeriodSeconds=0`);
    await world.because('waits', 'InForce', 'Usable');
  });

  it('is not given to another before the API server holds who shrinks to less', async () => {
    await world.run();
    await world.create('shrinks', { hard: { 'requests.cpu': '8', 'requests.memory': '1Gi' } });
    await world.because('shrinks', 'InForce', 'Usable');
    await controlPlane().signal('kube-controller-manager', 'STOP');
    try {
      await world.change('shrinks', { hard: { 'requests.cpu': '1', 'requests.memory': '1Gi' } });
      const shrinking = await world.because('shrinks', 'QuotaPending');
      expect(shrinking.status?.hard, 'what the guest may still begin').to.include({ 'requests.cpu': '8' });
      await world.create('waits', { hard: HALF });
      await world.because('waits', 'InsufficientCapacity');
    } finally {
      await controlPlane().signal('kube-controller-manager', 'CONT');
    }
    await world.because('waits', 'InForce', 'Usable');
    expect((await world.get('shrinks'))?.status?.hard).to.include({ 'requests.cpu': '1' });
  });

  it('counts devices of a kind that the Grant names no more, until nobody uses them', async () => {
    const device = 'requests.example.com/fpga';
    const hard = { ...HALF, [device]: '2' };
    await world.carry({ cpu: '32', memory: '32Gi', 'example.com/fpga': '2' });
    await world.run();
    await world.create('had', { hard });
    const slice = (await world.because('had', 'InForce', 'Usable')).status?.namespace ?? '';
    const amounts = { cpu: '1', memory: '64Mi', 'example.com/fpga': '2' };
    const pods = `/api/v1/namespaces/${slice}/pods`;
    await eventually(async () => ok(await api().call('POST', pods, { body: decentPod('guest', { requests: amounts, limits: amounts }) })));
    await eventually(async () => expect((await world.get('had'))?.status?.used).to.include({ [device]: '2' }));
    await world.change('had', { hard: { [device]: null } });
    const over = await world.because('had', 'OverQuota', 'OverQuota');
    expect(over.status?.conditions?.find(({ type }) => type === 'OverQuota')?.message).to.include(device);
    await world.create('wants', { hard });
    expect((await world.because('wants', 'InsufficientCapacity')).status?.conditions?.[0]?.message).to.include(
      '2 example.com/fpga missing',
    );
    await api().call('DELETE', `${pods}/guest?gracePeriodSeconds=0`);
    await world.because('wants', 'InForce', 'Usable');
    await eventually(async () => expect((await world.get('had'))?.status?.hard).not.to.have.property(device));
  });

  it('evicts nobody when a node is lost, and marks the newest', async () => {
    const engine = await world.run();
    await world.create('older', { hard: HALF });
    const slices = [(await world.because('older', 'InForce', 'Usable')).status?.namespace ?? ''];
    // Kubernetes tells ages in whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await world.create('newer', { hard: HALF });
    slices.push((await world.because('newer', 'InForce', 'Usable')).status?.namespace ?? '');
    const pods = await Promise.all(slices.map((slice) => startIn(slice, 'guest', '1')));
    await world.carry({ cpu: '6', memory: '32Gi' });
    await world.because('newer', 'NodesLost', 'CapacityAvailable');
    await untilIdle(engine);
    const older = await world.because('older', 'CapacityAvailable', 'CapacityAvailable');
    expect(older.status?.phase).to.equal('Active');
    expect((await world.get('newer'))?.status?.phase, 'nothing is evicted').to.equal('Active');
    expect(await world.slices()).to.have.length(2);
    for (const pod of pods) expect((await api().call('GET', pod)).body).not.to.have.nested.property('metadata.deletionTimestamp');
  });

  it('is told to those who had room when one that took none takes its share', async () => {
    await world.run();
    await world.create('much', { hard: { 'requests.cpu': '7', 'requests.memory': '1Gi' }, overcommit: 'Allow' });
    await world.because('much', 'InForce', 'Usable');
    await world.create('settled', { hard: HALF });
    await world.because('settled', 'CapacityAvailable', 'CapacityAvailable');
    await world.change('much', { overcommit: 'Deny' });
    const shown = () => Promise.all(['much', 'settled'].map((name) => world.get(name)));
    const reasons = async () =>
      (await shown()).map((grant) => grant?.status?.conditions?.find(({ type }) => type === 'CapacityAvailable')?.reason);
    await eventually(async () =>
      expect(await reasons())
        .to.include('NodesLost')
        .and.include('CapacityAvailable'),
    );
    expect((await shown()).map((grant) => grant?.status?.phase)).to.deep.equal(['Active', 'Active']);
  });

  it('lends more than there is to who asks for it knowingly', async () => {
    await world.run();
    await world.create('much', { hard: { 'requests.cpu': '99', 'requests.memory': '1Gi' }, overcommit: 'Allow' });
    await world.because('much', 'InForce', 'Usable');
  });
});
