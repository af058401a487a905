import { expect } from 'chai';
import type { Namespace, PersistentVolume, ResourceQuota } from '../../api/meta/builtin.ts';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { ApiError } from '../../controllers/runtime/errors.ts';
import { silentLogger, type Logger } from '../../controllers/runtime/log.ts';
import { scrape } from '../../controllers/runtime/metrics.ts';
import { ok } from '../env/api.ts';
import { refuseWrites } from '../env/disturbances.ts';
import type { RunningEngine } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { api } from '../env/hooks.ts';
import { breakGlass } from '../grant/glass.ts';
import { decentPod } from '../grant/pod.ts';
import { useGrants } from '../grant/world.ts';

const HARD = {
  'requests.cpu': '1',
  'requests.memory': '1Gi',
  'requests.storage': '10Gi',
  'fast.storageclass.storage.k8s.io/requests.storage': '10Gi',
};
const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const POLICY = 'test-sealed-volumes';
const CHANGES_OF_VOLUMES = { apiGroups: [''], apiVersions: ['v1'], resources: ['persistentvolumes'], operations: ['UPDATE'] };
const LEFT_BEHIND = 'Clearing away what an owner left that is gone';

describe('a slice that can’t be taken back', () => {
  const world = useGrants();
  let volumes: string[] = [];
  const engines: RunningEngine[] = [];
  afterEach(async () => {
    await unseal();
    for (const name of volumes) await api().call('DELETE', `/api/v1/persistentvolumes/${name}`);
    volumes = [];
  });

  /** Somebody else's policy: nobody changes volumes with this label. */
  async function seal(name: string): Promise<void> {
    const spec = {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [CHANGES_OF_VOLUMES], objectSelector: { matchLabels: { sealed: 'yes' } } },
      validations: [
        {
          expression: '!has(object.metadata.annotations) || !("keystone.io/retained-until" in object.metadata.annotations)',
          message: 'sealed by the audit department',
        },
      ],
    };
    ok(await api().call('POST', POLICIES, { body: { metadata: { name: POLICY }, spec } }));
    ok(
      await api().call('POST', BINDINGS, {
        body: { metadata: { name: POLICY }, spec: { policyName: POLICY, validationActions: ['Deny'] } },
      }),
    );
    const mark = { metadata: { annotations: { 'keystone.io/retained-until': 'x' } } };
    const isSealed = async (): Promise<number> => {
      const options = { body: mark, contentType: 'application/merge-patch+json' };
      return (await api().call('PATCH', `/api/v1/persistentvolumes/${name}?dryRun=All`, options)).status;
    };
    // A policy holds some time after it was made.
    await eventually(async () => expect(await isSealed()).to.equal(422));
  }
  /** Somebody else's webhook that is asked before these volumes change, and does not answer any more. */
  async function silence(name: string): Promise<void> {
    const webhook = {
      name: 'silent.example.com',
      rules: [CHANGES_OF_VOLUMES],
      objectSelector: { matchLabels: { sealed: 'yes' } },
      clientConfig: { url: 'https://127.0.0.1:1/' },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    ok(await api().call('POST', WEBHOOKS, { body: { metadata: { name: POLICY }, webhooks: [webhook] } }));
    const options = { body: { metadata: { labels: { a: 'b' } } }, contentType: 'application/merge-patch+json' };
    await eventually(async () =>
      expect((await api().call('PATCH', `/api/v1/persistentvolumes/${name}?dryRun=All`, options)).status).to.equal(500),
    );
  }
  async function unseal(): Promise<void> {
    await api().call('DELETE', `${WEBHOOKS}/${POLICY}`);
    await api().call('DELETE', `${BINDINGS}/${POLICY}`);
    await api().call('DELETE', `${POLICIES}/${POLICY}`);
  }

  const volume = async (name: string) => ok<PersistentVolume>(await api().call('GET', `/api/v1/persistentvolumes/${name}`));
  /** A volume that is bound to a claim of the slice. */
  async function bind(slice: string, claim: string, labels: Record<string, string>): Promise<string> {
    const name = `${claim}-${slice}`;
    const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'fast' };
    const spec = {
      ...common,
      capacity: { storage: '1Gi' },
      hostPath: { path: '/tmp/x' },
      claimRef: { namespace: slice, name: claim },
      persistentVolumeReclaimPolicy: 'Delete',
    };
    ok(await api().call('POST', '/api/v1/persistentvolumes', { body: { metadata: { name, labels }, spec } }));
    volumes.push(name);
    const body = { metadata: { name: claim }, spec: { ...common, resources: { requests: { storage: '1Gi' } } } };
    ok(await api().call('POST', `/api/v1/namespaces/${slice}/persistentvolumeclaims`, { body }));
    await eventually(async () => expect((await volume(name)).status?.phase).to.equal('Bound'), { withinMs: 30_000 });
    return name;
  }
  /** A Grant in use whose volume `sealed` nobody may mark; its volume `open` anybody may. */
  async function inUse(isSealed = true) {
    engines.push(await world.run());
    // What is looked after without its Grant is kept for a week, whatever that said.
    await world.create('g', { hard: HARD, dataRetention: '48h' });
    const slice = (await world.because('g', 'InForce', 'Usable')).status?.namespace ?? '';
    const names = [await bind(slice, 'a-sealed', { sealed: 'yes' }), await bind(slice, 'b-open', {})] as const;
    await eventually(async () => void ok(await api().call('POST', `/api/v1/namespaces/${slice}/pods`, { body: decentPod('guest', {}) })));
    if (isSealed) await seal(names[0]);
    return { slice, sealed: names[0], open: names[1] };
  }
  const gone = (slice: string) =>
    eventually(async () => expect((await api().call('GET', `/api/v1/namespaces/${slice}`)).status).to.equal(404), { withinMs: 60_000 });
  const podsIn = async (slice: string): Promise<number> =>
    ok<{ items: unknown[] }>(await api().call('GET', `/api/v1/namespaces/${slice}/pods`)).items.length;

  it('ends what runs and lets nothing new in, keeps every volume that it can, and names the one that it can’t', async () => {
    const { slice, sealed, open } = await inUse();
    await world.change('g', { revoked: true });
    const stuck = await world.because('g', 'DataNotKept');
    expect(stuck.status).to.include({ phase: 'Revoked', namespace: slice });
    expect(stuck.status?.conditions?.find(({ type }) => type === 'Ready')?.message)
      .to.include(sealed)
      .and.include('audit department');
    await eventually(async () => expect(await podsIn(slice)).to.equal(0));
    const quota = ok<ResourceQuota>(await api().call('GET', `/api/v1/namespaces/${slice}/resourcequotas/grant`));
    expect(quota.spec?.hard).to.include({ pods: '0' });
    expect((await volume(open)).metadata.annotations).to.have.property('keystone.io/retained-until');
    await unseal();
    const ended = await world.because('g', 'Revoked');
    expect(ended.status).not.to.have.property('namespace');
    expect((await volume(sealed)).spec?.persistentVolumeReclaimPolicy).to.equal('Retain');
  });

  it('does not hold a deleted Grant for ever, and is looked after without it until its data is kept', async () => {
    const { slice, sealed } = await inUse();
    await world.remove('g');
    await eventually(async () => expect((await world.get('g'))?.status?.conditions?.[0]?.message ?? '').to.include(sealed));
    const later = { ...systemClock, date: () => new Date(Date.now() + 11 * 60_000) };
    await world.run({ clock: later });
    await eventually(async () => expect(await world.get('g')).to.equal(undefined), { withinMs: 20_000 });
    expect((await api().call('GET', `/api/v1/namespaces/${slice}/persistentvolumeclaims/a-sealed`)).status).to.equal(200);
    expect(await podsIn(slice)).to.equal(0);
    await unseal();
    await gone(slice);
    expect((await volume(sealed)).spec?.persistentVolumeReclaimPolicy).to.equal('Retain');
  }).timeout(180_000);

  it('says whose webhook does not answer, and does not wait for it for ever', async () => {
    const { slice, sealed } = await inUse(false);
    await silence(sealed);
    await world.remove('g');
    await eventually(async () =>
      expect((await world.get('g'))?.status?.conditions?.[0]?.message ?? '').to.include('failed calling webhook "silent.example.com"'),
    );
    const later = { ...systemClock, date: () => new Date(Date.now() + 11 * 60_000) };
    await world.run({ clock: later });
    await eventually(async () => expect(await world.get('g')).to.equal(undefined), { withinMs: 20_000 });
    await unseal();
    await gone(slice);
    expect((await volume(sealed)).spec?.persistentVolumeReclaimPolicy).to.equal('Retain');
  }).timeout(180_000);

  it('is not let go for an operator that was away, nor for an API server in trouble', async () => {
    const { slice, open } = await inUse(false);
    await Promise.all(engines.splice(0).map((engine) => engine.stop()));
    await world.remove('g');
    // It comes back eleven minutes later by its clock, and its first try at the volume is not answered.
    const later = { ...systemClock, date: () => new Date(Date.now() + 11 * 60_000) };
    const inTrouble = () => new ApiError(503, 'ServiceUnavailable', 'no');
    await world.run({ clock: later, wrap: refuseWrites(1, ({ path }) => path.includes('/persistentvolumes/'), inTrouble) });
    await eventually(async () => expect(await world.get('g')).to.equal(undefined), { withinMs: 60_000 });
    await gone(slice);
    const kept = await volume(open);
    expect(kept.spec?.persistentVolumeReclaimPolicy).to.equal('Retain');
    const until = Date.parse(kept.metadata.annotations?.['keystone.io/retained-until'] ?? '');
    expect(until - Date.now(), 'by the Grant itself').to.be.closeTo(48 * 3_600_000, 3_600_000);
  });

  it('because its quota hangs ends all the same', async () => {
    const { slice } = await inUse(false);
    await breakGlass([
      'patch',
      'resourcequota/grant',
      '-n',
      slice,
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":["example.com/held"]}}',
    ]);
    await breakGlass(['delete', 'resourcequota/grant', '-n', slice, '--wait=false']);
    await world.because('g', 'ChildTerminating');
    await world.change('g', { revoked: true });
    await eventually(async () => expect(await podsIn(slice)).to.equal(0), { withinMs: 30_000 });
    await world.because('g', 'NamespaceTerminating');
    await breakGlass(['patch', 'resourcequota/grant', '-n', slice, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
    await world.because('g', 'Revoked');
  });

  it('was deleted by somebody else keeps its data all the same', async () => {
    const { slice, open } = await inUse(false);
    const uid = async () => ok<Namespace>(await api().call('GET', `/api/v1/namespaces/${slice}`)).metadata.uid;
    const before = await uid();
    await breakGlass(['delete', 'namespace', slice, '--wait=false']);
    // It is made again at once: the moment in which nothing has its name is one that nobody may see.
    await eventually(async () => expect(await uid()).not.to.equal(before), { withinMs: 60_000 });
    expect((await volume(open)).spec?.persistentVolumeReclaimPolicy).to.equal('Retain');
  });
});

describe('a Grant that loses its finalizer', () => {
  const world = useGrants();
  const grants = () => `/apis/keystone.io/v1alpha1/namespaces/${world.namespace}/grants/g`;
  const finalizers = async () => (await world.get('g'))?.metadata.finalizers ?? [];

  it('is warned of, and one that ends in the ordinary way is not', async () => {
    const warned: string[] = [];
    const log: Logger = { ...silentLogger, warn: (message) => void warned.push(message), child: () => log };
    const engine = await world.run({ log });
    await world.create('g', { hard: HARD });
    const { status } = await world.because('g', 'InForce', 'Usable');
    await world.remove('g');
    await eventually(async () => expect(await world.get('g')).to.equal(undefined), { withinMs: 60_000 });
    await world.create('g', { hard: HARD });
    const next = (await world.because('g', 'InForce', 'Usable')).status?.namespace;
    expect(next).not.to.equal(status?.namespace);
    expect(warned).not.to.include(LEFT_BEHIND);
    await engine.stop();
    await api().call('PATCH', grants(), { body: { metadata: { finalizers: null } }, contentType: 'application/merge-patch+json' });
    await world.remove('g');
    await world.run({ log });
    await eventually(() => expect(warned).to.include(LEFT_BEHIND), { withinMs: 20_000 });
  });

  it('gets it back when a file without it takes its place, as kubectl replace does', async () => {
    await world.run();
    await world.create('g', { hard: HARD });
    const { metadata, spec, ...rest } = await world.because('g', 'InForce', 'Usable');
    const { finalizers: _, ...bare } = metadata;
    ok(
      await api().call('PUT', grants(), {
        body: { apiVersion: 'keystone.io/v1alpha1', kind: 'Grant', metadata: bare, spec, status: rest.status },
      }),
    );
    await eventually(async () => expect(await finalizers()).to.deep.equal(['keystone.io/grant']));
  });

  it('while it is deleted and somebody else holds it ends all the same', async () => {
    const engine = await world.run();
    await world.create('g', { hard: HARD });
    const slice = (await world.because('g', 'InForce', 'Usable')).status?.namespace ?? '';
    await engine.stop();
    const hold = (names: readonly string[]) =>
      api().call('PATCH', grants(), { body: { metadata: { finalizers: names } }, contentType: 'application/merge-patch+json' });
    ok(await hold(['keystone.io/grant', 'example.com/theirs']));
    await world.remove('g');
    ok(await hold(['example.com/theirs']));
    await world.run();
    await eventually(async () => expect((await api().call('GET', `/api/v1/namespaces/${slice}`)).status).to.equal(404), {
      withinMs: 60_000,
    });
    expect(await finalizers(), 'theirs is not ours to take').to.deep.equal(['example.com/theirs']);
    ok(await hold([]));
  });

  it('and is deleted at once leaves no slice behind for long', async () => {
    const engine = await world.run();
    await world.create('g', { hard: HARD });
    const slice = (await world.because('g', 'InForce', 'Usable')).status?.namespace ?? '';
    await engine.stop();
    await api().call('PATCH', grants(), { body: { metadata: { finalizers: null } }, contentType: 'application/merge-patch+json' });
    await world.remove('g');
    expect(await world.get('g')).to.equal(undefined);
    const next = await world.run();
    const left = async () => (await scrape(next.metrics)).includes('keystone_slices_without_grant 1');
    await eventually(async () => expect((await api().call('GET', `/api/v1/namespaces/${slice}`)).status).to.equal(404), {
      withinMs: 60_000,
    });
    await eventually(async () => expect(await left(), 'and the metric has come down').to.equal(false));
  });
});
