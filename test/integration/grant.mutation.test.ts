import { expect } from 'chai';
import { grantSchema } from '../../api/keystone/v1alpha1/grant.ts';
import { fieldsOf } from '../../hack/manifests/fields.ts';
import { api } from '../env/hooks.ts';
import { eventually } from '../env/eventually.ts';
import { grantsIn } from '../grant/schema.ts';
import { useGrants, type GrantWorld } from '../grant/world.ts';

const BASE = { hard: { 'requests.cpu': '1', 'requests.memory': '1Gi' } };
const DAY_MS = 86_400_000;

/** A change of the spec, as a merge patch, and what undoes it. `unseen` says why nothing shows it. */
interface Mutation {
  readonly path: string;
  readonly to: object;
  readonly back: object;
  readonly unseen?: string;
}
const hard = (more: object, back: object): Mutation => ({ path: '.hard[*]', to: { hard: more }, back: { hard: back } });
const flag = (name: string): Mutation => ({ path: `.${name}`, to: { [name]: true }, back: { [name]: false } });
const text = (name: string, value: string, back: string, unseen: string): Mutation => ({
  path: `.${name}`,
  to: { [name]: value },
  back: { [name]: back },
  unseen,
});

const MUTATIONS: readonly Mutation[] = [
  hard({ 'requests.cpu': '1m' }, { 'requests.cpu': '1' }),
  hard({ 'requests.cpu': '8' }, { 'requests.cpu': '1' }),
  hard({ 'requests.cpu': '0' }, { 'requests.cpu': '1' }),
  hard({ 'requests.cpu': null }, { 'requests.cpu': '1' }),
  hard({ 'requests.cpu': '1M' }, { 'requests.cpu': '1' }),
  hard({ 'requests.memory': '1' }, { 'requests.memory': '1Gi' }),
  hard({ 'requests.storage': '1Ei' }, { 'requests.storage': null }),
  hard({ 'fast.storageclass.storage.k8s.io/requests.storage': '1Gi' }, { 'fast.storageclass.storage.k8s.io/requests.storage': null }),
  hard({ 'requests.nvidia.com/gpu': 1 }, { 'requests.nvidia.com/gpu': null }),
  hard({ 'keystone.io/egress-bandwidth': '200M' }, { 'keystone.io/egress-bandwidth': null }),
  hard({ configmaps: 0 }, { configmaps: null }),
  { path: '.hard', to: { hard: null }, back: { hard: BASE.hard } },
  {
    path: '.networkPolicy.egressAllowed',
    to: { networkPolicy: { egressAllowed: true } },
    back: { networkPolicy: { egressAllowed: false } },
    unseen: 'an empty list opens nothing',
  },
  {
    path: '.networkPolicy.allowedDestinations[]',
    to: { networkPolicy: { egressAllowed: true, allowedDestinations: ['192.0.2.0/24', 'realm:carol'] } },
    back: { networkPolicy: { egressAllowed: false, allowedDestinations: [] } },
  },
  {
    path: '.validity.validFrom',
    to: { validity: { validFrom: '2099-01-01T00:00:00Z' } },
    back: { validity: null },
    unseen: 'what has begun goes on',
  },
  { path: '.validity.validUntil', to: { validity: { validUntil: '2020-01-01T00:00:00Z' } }, back: { validity: null } },
  { path: '.validity', to: { validity: { validUntil: new Date(Date.now() + DAY_MS).toISOString() } }, back: { validity: null } },
  flag('cordoned'),
  flag('revoked'),
  text('revocation', 'Immediate', 'Graceful', 'no notice is given yet'),
  text('noticePeriod', '0s', '30s', 'no notice is given yet'),
  text('dataRetention', '0s', '168h', 'it shows at the end'),
  text('overcommit', 'Allow', 'Deny', 'it shows where room is short'),
  { path: '.grantee.cidrs[]', to: { grantee: { cidrs: ['100.64.0.7/32'] } }, back: { grantee: { cidrs: [] } } },
];

/** What changes once, or never: the API server refuses the way back. grant.schema.test.ts shows it. */
const FIXED = ['.grantorRealm', '.granteeRealm', '.grantee.clusterID', '.grantee.publicKeyFingerprint'];

/** What Kubernetes itself makes in a namespace it may count twice, until it counts again minutes later. */
const COUNTED_TWICE = /configmaps|serviceaccounts/;

/** What a user sees of the slice and of the Grant, without what differs by nature. */
async function shown(world: GrantWorld): Promise<unknown> {
  const { status } = (await world.get('g')) ?? {};
  const namespace = status?.namespace ?? '';
  const read = async (path: string): Promise<unknown> => (await api().call('GET', path)).body;
  const within = `/api/v1/namespaces/${namespace}`;
  const [slice, quota, limits, policies] = (await Promise.all([
    read(within),
    read(`${within}/resourcequotas/grant`),
    read(`${within}/limitranges/grant`),
    read(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`),
  ])) as [Named, Named, Named, { items?: readonly Named[] }];
  const { conditions = [], phase, hard: inForce, used, summary } = status ?? {};
  const said = conditions.map(({ type, status: is, reason, message }) => ({ type, is, reason, message }));
  const all = {
    phase,
    inForce,
    used: Object.fromEntries(Object.entries(used ?? {}).filter(([key]) => !COUNTED_TWICE.test(key))),
    summary,
    said,
    ...marksOf(slice),
    quota: quota.spec,
    limits: limits.spec,
    policies: specsOf(policies),
  };
  return JSON.parse(JSON.stringify(all).replaceAll(namespace === '' ? 'no namespace' : namespace, 'SLICE'));
}
const specsOf = ({ items = [] }: { readonly items?: readonly Named[] }) => items.map(({ metadata, spec }) => [metadata?.name, spec]);

const marksOf = ({ metadata }: Named) => ({
  labels: { ...metadata?.labels, 'kubernetes.io/metadata.name': '' },
  allowed: Object.entries(metadata?.annotations ?? {}).filter(([key]) => key.startsWith('keystone.io/allowed')),
});

/** Whether what the present spec asks for is in force, or waits for room, which it may for ever. */
async function isThrough(world: GrantWorld): Promise<boolean> {
  const grant = await world.get('g');
  const generation = grant?.metadata.generation;
  const ready = grant?.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.observedGeneration === generation && (ready?.status === 'True' || ready?.reason === 'InsufficientCapacity');
}

interface Named {
  readonly metadata?: { readonly name?: string; readonly labels?: object; readonly annotations?: object };
  readonly spec?: unknown;
}

describe('the changes of a Grant that are tried', () => {
  it('are of every path of the spec', () => {
    const { spec } = grantSchema.manifest.spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
    const paths = fieldsOf(spec ?? {}).map(({ path }) => path);
    const known = [...MUTATIONS.map(({ path }) => path), ...FIXED];
    const inner = (path: string): boolean => known.some((other) => other.startsWith(path));
    expect(paths.filter((path) => !inner(path))).to.deep.equal([]);
  });
});

describe('any change of a Grant and back (checklist 17)', () => {
  const world = useGrants();

  it('ends where a fresh Grant is', async () => {
    await world.run();
    await world.create('g', BASE);
    await world.because('g', 'InForce', 'Usable');
    const settled = () =>
      eventually(async () => {
        await world.because('g', 'InForce', 'Usable');
        const first = await shown(world);
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect(await shown(world)).to.deep.equal(first);
        return first;
      });
    const fresh = await settled();
    for (const { path, to, back, unseen } of MUTATIONS) {
      const where = `${path} ${JSON.stringify(to)}`;
      await world.change('g', to);
      if (unseen === undefined)
        await eventually(async () => expect(await shown(world), `${where} is seen`).not.to.deep.equal(fresh), { withinMs: 60_000 });
      // What ends has to have ended: its way back is a new beginning.
      await eventually(async () => expect(await isThrough(world), where).to.equal(true), { withinMs: 60_000 });
      await world.change('g', back);
      await eventually(async () => expect(await shown(world), `back from ${where}`).to.deep.equal(fresh), { withinMs: 60_000 });
    }
  }).timeout(900_000);

  it('of who lends to whom is refused', async () => {
    await world.create('g', BASE);
    for (const name of ['grantorRealm', 'granteeRealm']) {
      const body = { spec: { [name]: 'carol-home' } };
      const { status } = await api().call('PATCH', `${grantsIn(world.namespace)}/g`, { contentType: 'application/merge-patch+json', body });
      expect(status, name).to.equal(422);
    }
  });
});
