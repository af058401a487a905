import { expect } from 'chai';
import type { ResourceQuota } from '../../api/meta/builtin.ts';
import { grantController } from '../../controllers/grant/controller.ts';
import { sliceName } from '../../controllers/grant/slice.ts';
import { eventually } from '../env/eventually.ts';
import { fluxStatus } from '../env/kstatus.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { must } from '../env/operator.ts';
import { openWatch } from '../env/watch.ts';
import { ok } from '../env/api.ts';
import { breakGlass } from '../grant/glass.ts';
import { decentPod } from '../grant/pod.ts';
import { useGrants } from '../grant/world.ts';

/** Administrator of a slice, and of nothing else. */
const GUEST = 'guest';
const HALF = { 'requests.cpu': '4', 'requests.memory': '1Gi' };

const quotaOf = async (slice: string) => ok<ResourceQuota>(await api().call('GET', `/api/v1/namespaces/${slice}/resourcequotas/grant`));
const podsIn = (slice: string): string => `/api/v1/namespaces/${slice}/pods`;

describe('US1.1 · a Grant', () => {
  const world = useGrants();

  it('FR-002 · becomes a namespace with the limits in force, and kubectl tells it in one line', async () => {
    await world.run();
    await world.create('for-bob', {
      hard: { 'requests.cpu': '2', 'limits.cpu': '4', 'requests.memory': '4Gi', 'requests.storage': '100Gi' },
    });
    const grant = await world.because('for-bob', 'InForce');
    await world.because('for-bob', 'InForce', 'Usable');
    const slice = grant.status?.namespace ?? '';
    expect(slice).to.match(/^grant-bob-home-for-bob-[0-9a-f]{8}$/);
    const quota = await quotaOf(slice);
    expect(quota.status?.hard).to.deep.equal(quota.spec?.hard);
    expect((await fluxStatus(await world.because('for-bob', 'InForce'))).status).to.equal('Current');
    expect(quota.spec?.hard).to.include({ 'requests.cpu': '2', 'limits.cpu': '4', 'limits.memory': '4Gi', 'services.loadbalancers': '0' });
    // What `kubectl describe` shows below the conditions.
    const events = [
      'get',
      'events',
      '-n',
      world.namespace,
      '-o',
      'jsonpath={range .items[*]}{.type} {.reason} {.involvedObject.name},{end}',
    ];
    const said = await eventually(async () => {
      const list = (await must(controlPlane(), events)).split(',').filter((line) => line !== '');
      expect(list).to.include.members(['Normal NamespaceCreating for-bob', 'Normal InForce for-bob']);
      return list;
    });
    expect(new Set(said).size, 'each is said once').to.equal(said.length);
    const table = await must(controlPlane(), ['get', 'grants', '-n', world.namespace]);
    expect(table).to.match(
      /^NAME +GRANTEE +PHASE +READY +USABLE +CPU +MEMORY +STORAGE +EXPIRES +AGE\nfor-bob +bob-home +Active +True +True +0\/2 +0\/4Gi +0\/100Gi +Never +\d+s\n$/,
    );
  });

  const repeats = process.env['TEST_FULL'] === undefined ? 3 : 20;
  it(`FR-004 · admits exactly what it lends, ${repeats} times over, also while the operator is away and right after a shrink`, async () => {
    const engine = await world.run();
    await world.create('exact', { hard: { 'requests.cpu': '1', 'requests.memory': '10Gi' } });
    const slice = (await world.because('exact', 'InForce', 'Usable')).status?.namespace ?? '';
    await breakGlass(['create', 'rolebinding', GUEST, '--clusterrole=admin', `--user=${GUEST}`, '-n', slice]);
    expect(await admittedOf(slice, 100), 'right after it was made: ten of 100m fit into 1').to.equal(10);
    await engine.stop();
    for (let i = 0; i < repeats; i++) expect(await admittedOf(slice, 100), `repeat ${i}`).to.equal(10);
    await world.run();
    await world.change('exact', { hard: { 'requests.cpu': '500m', 'requests.memory': '10Gi' } });
    // Not a moment is waited for: what was lent before may still be, but never more than Kubernetes knows of.
    const { admitted, forgotten } = await askFor(slice, 100);
    expect(admitted, `in the middle of a shrink; forgotten: ${forgotten}`).to.be.within(5, 10 + forgotten);
    await clearOut(slice);
    await world.because('exact', 'InForce');
    expect(await admittedOf(slice, 100), 'right after a shrink').to.equal(5);
    await eventually(async () => expect((await world.get('exact'))?.status?.summary).to.include({ cpu: '0/500m' }));
  }).timeout(300_000);

  /** How many of so many pods of 100m, all asked for at once, the API server lets in; afterwards they are gone. */
  async function admittedOf(slice: string, count: number): Promise<number> {
    const { admitted } = await askFor(slice, count);
    await clearOut(slice);
    return admitted;
  }

  /** Asks for so many pods of 100m at once; `forgotten` are those that a new count did not see, as they were let in and not stored yet. */
  async function askFor(slice: string, count: number): Promise<{ readonly admitted: number; readonly forgotten: number }> {
    const resources = { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '100m', memory: '16Mi' } };
    await eventually(async () =>
      expect((await api().call('GET', `/api/v1/namespaces/${slice}/serviceaccounts/default`)).status).to.equal(200),
    );
    const counts = await openWatch(controlPlane(), `/api/v1/namespaces/${slice}/resourcequotas?watch=1`);
    const asked = Array.from({ length: count }, (_, i) =>
      api().call('POST', podsIn(slice), { as: GUEST, body: decentPod(`p${i}`, resources), timeoutMs: 60_000 }),
    );
    const refused = (await Promise.all(asked)).filter(({ status }) => status !== 201);
    for (const { body } of refused) expect(body).to.have.property('message').that.includes('exceeded quota');
    const seen = () => counts.events().map(({ object }) => object as unknown as ResourceQuota);
    await eventually(async () => expect(seen().at(-1)?.metadata.resourceVersion).to.equal((await quotaOf(slice)).metadata.resourceVersion));
    const used = seen().map(({ status }) => Number(status?.used?.['pods'] ?? 0));
    counts.close();
    const forgotten = used.reduce((sum, pods, i) => sum + Math.max(0, (used[i - 1] ?? 0) - pods), 0);
    return { admitted: count - refused.length, forgotten };
  }

  async function clearOut(slice: string): Promise<void> {
    await api().call('DELETE', podsIn(slice), { as: GUEST, body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 } });
    await untilCounted(slice);
  }

  /** Waits until kube-controller-manager has counted that nothing is left, and has nothing more to count: see docs/grant-isolation.md on deletes. */
  async function untilCounted(slice: string): Promise<void> {
    await eventually(
      async () => {
        const { metadata, status } = await quotaOf(slice);
        expect(status?.used).to.include({ pods: '0', 'requests.cpu': '0' });
        await new Promise((resolve) => setTimeout(resolve, 1000));
        expect((await quotaOf(slice)).metadata.resourceVersion, 'still counting').to.equal(metadata.resourceVersion);
      },
      { withinMs: 60_000 },
    );
  }

  const usual: { name: string; resources: object }[] = [
    { name: 'nothing at all', resources: {} },
    { name: 'requests and no limits', resources: { requests: { cpu: '500m', memory: '256Mi' } } },
    { name: 'a limit of memory only', resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { memory: '128Mi' } } },
    { name: 'limits only', resources: { limits: { cpu: '300m', memory: '128Mi' } } },
    { name: 'a request of nothing beside a limit', resources: { requests: { cpu: '0' }, limits: { cpu: '500m', memory: '64Mi' } } },
  ];
  it('lets in and counts the pods that people usually write', async () => {
    await world.run();
    await world.create('usual', { hard: { 'requests.cpu': '4', 'requests.memory': '8Gi' } });
    const slice = (await world.because('usual', 'InForce', 'Usable')).status?.namespace ?? '';
    await eventually(async () => void ok(await api().call('GET', `/api/v1/namespaces/${slice}/serviceaccounts/default`)));
    for (const [i, { name, resources }] of usual.entries()) {
      const { status, body } = await api().call('POST', `/api/v1/namespaces/${slice}/pods`, { body: decentPod(`p${i}`, resources) });
      expect(status, `${name}: ${JSON.stringify(body)}`).to.equal(201);
    }
    const endless = decentPod('endless', { requests: { memory: '0' }, limits: { memory: '0' } });
    const refused = await api().call('POST', `/api/v1/namespaces/${slice}/pods`, { body: endless });
    expect(refused.status).to.equal(403);
    expect(JSON.stringify(refused.body)).to.include('has a limit of 0 for memory');
    await eventually(async () => expect((await world.get('usual'))?.status?.used).to.include({ pods: '5', 'requests.cpu': '1150m' }));
  });

  it('lets nobody in before kube-controller-manager has taken its limits up', async () => {
    await controlPlane().signal('kube-controller-manager', 'STOP');
    try {
      await world.run();
      await world.create('early', { hard: HALF });
      await world.because('early', 'QuotaPending');
      const grant = await world.because('early', 'QuotaPending', 'Usable');
      expect(grant.status?.conditions?.find(({ type }) => type === 'QuotaEnforced')?.status).to.equal('False');
    } finally {
      await controlPlane().signal('kube-controller-manager', 'CONT');
    }
    await world.because('early', 'InForce', 'Usable');
  });

  it('says what was used, and that its limits are not in force, while a quota that somebody deleted is not taken up again', async () => {
    await world.run();
    await world.create('spoilt', { hard: HALF });
    const slice = (await world.because('spoilt', 'InForce', 'Usable')).status?.namespace ?? '';
    await eventually(async () => ok(await api().call('POST', `/api/v1/namespaces/${slice}/pods`, { body: decentPod('guest', {}) })));
    await eventually(async () => expect((await world.get('spoilt'))?.status?.used).to.include({ pods: '1' }));
    await controlPlane().signal('kube-controller-manager', 'STOP');
    try {
      await breakGlass(['delete', 'resourcequota/grant', '-n', slice]);
      const spoilt = await world.because('spoilt', 'QuotaPending', 'Usable');
      expect(spoilt.status?.used).to.include({ pods: '1' });
    } finally {
      await controlPlane().signal('kube-controller-manager', 'CONT');
    }
    await world.because('spoilt', 'InForce', 'Usable');
  });

  it('takes over no namespace that somebody else has made under the name of its slice', async () => {
    const name = sliceName(await world.create('taken', { hard: HALF }), 1);
    ok(await api().call('POST', '/api/v1/namespaces', { body: { metadata: { name, labels: { mine: 'yes' } } } }));
    await world.run();
    await world.because('taken', 'NamespaceTaken');
    const { metadata } = ok<{ metadata: { labels: object } }>(await api().call('GET', `/api/v1/namespaces/${name}`));
    expect(metadata.labels).to.deep.equal({ mine: 'yes', 'kubernetes.io/metadata.name': name });
    ok(await api().call('DELETE', `/api/v1/namespaces/${name}`));
    await world.because('taken', 'InForce', 'Usable');
  });

  it('that came with a status from a backup gets a slice of its own, in a new epoch', async () => {
    const grant = await world.create('restored', { hard: HALF });
    const namespace = 'grant-bob-home-restored-01234567';
    const path = `/apis/keystone.io/v1alpha1/namespaces/${world.namespace}/grants/restored/status`;
    ok(await api().call('PUT', path, { body: { ...grant, status: { ...grant.status, phase: 'Active', epoch: 1, namespace } } }));
    await world.run();
    const { status } = await world.because('restored', 'InForce', 'Usable');
    expect(status).to.include({ epoch: 2, namespace: sliceName(grant, 2) });
  });

  it('has no effect in a realm that is not its grantor', async () => {
    await world.run();
    await world.create('foreign', { grantorRealm: 'carol-home' });
    const grant = await world.because('foreign', 'NotGrantor');
    expect(grant.status?.namespace).to.equal(undefined);
    expect(grant.metadata.finalizers, 'it can go without us').to.equal(undefined);
    expect(await world.slices()).to.deep.equal([]);
    expect((await fluxStatus(grant)).status).to.equal('Current');
  });

  it('is refused in a namespace where none are served: a bad spec, and Failed to Flux', async () => {
    await world.run({ controllers: [grantController({ grantNamespaces: ['elsewhere'], capacityReserve: 0 })] });
    await world.create('one', { hard: HALF });
    const refused = await world.because('one', 'NamespaceNotServed');
    expect((await fluxStatus(refused)).status).to.equal('Failed');
    expect(refused.metadata.finalizers, 'it can go without us').to.equal(undefined);
  });

  it('keeps what runs and lets nothing new in while it is cordoned', async () => {
    await world.run();
    await world.create('c', { hard: HALF });
    const slice = (await world.because('c', 'InForce', 'Usable')).status?.namespace ?? '';
    await world.change('c', { cordoned: true });
    await world.because('c', 'Cordoned', 'Usable');
    const quota = await quotaOf(slice);
    expect(quota.status?.hard).to.include({ pods: '0' });
    await world.change('c', { cordoned: false });
    await world.because('c', 'InForce', 'Usable');
  });

  it('says BandwidthUnsupported until something limits bandwidth, and is in force all the same', async () => {
    await world.run();
    await world.create('wide', { hard: { ...HALF, 'keystone.io/egress-bandwidth': '200M' } });
    await world.because('wide', 'InForce', 'Usable');
    await world.because('wide', 'BandwidthUnsupported', 'BandwidthEnforced');
  });
});
