import { expect } from 'chai';
import { claim, KINDS, LIMITS, METADATA, named } from './grant.attack.ts';
import { podWith } from './grant.hostile-pods.ts';
import { KUBELET, NEIGHBOUR, OWNER, refuserOf, type Act, type Person } from './grant.slice.ts';
import { useSlice } from './grant.use-slice.ts';

/** A controller of the owner's, somewhere outside kube-system. */
const DRIVER: Person = { 'impersonate-user': 'system:serviceaccount:storage:driver', 'impersonate-group': 'system:masters' };
/** What gives Services their addresses in a small distribution, where it is no ServiceAccount. */
const BALANCER: Person = { 'impersonate-user': 'k3s-cloud-controller-manager', 'impersonate-group': 'system:masters' };

const NAMESPACE = 'keystone-slice-namespace';
const SELF = '/api/v1/namespaces/SLICE';
const held = { finalizers: ['example.com/held'] };
const post = (path: string, body: object): Act => ({ method: 'POST', path, body });
const patch = (path: string, metadata: object): Act => ({ method: 'PATCH', path, body: { metadata } });

/** What controllers do to what is in a slice, and who keeps a guest from it. */
const SERVING: readonly (readonly [string, string, Act])[] = [
  ['hold a Service until its address is given back', METADATA, patch('services/plain', held)],
  ['hold a claim until its snapshot is taken', METADATA, patch('persistentvolumeclaims/plain', held)],
  [
    'own the Secret of a certificate',
    METADATA,
    post('secrets', {
      metadata: { name: 'tls', ownerReferences: [{ apiVersion: 'cert-manager.io/v1', kind: 'Certificate', name: 'x', uid: 'x' }] },
    }),
  ],
  ['keep an object of their own until they are done', METADATA, post('configmaps', { metadata: { name: 'x', ...held } })],
  ['note something on the namespace', NAMESPACE, patch(SELF, { annotations: { 'example.com/project': 'x' } })],
  ['tell what happens', KINDS, post('events', { ...named('x'), involvedObject: { namespace: 'SLICE', kind: 'Pod', name: 'x' } })],
  ['say which address a Service has', KINDS, { ...patch('services/plain/status', {}), body: { status: { loadBalancer: {} } } }],
];

/** What stays with the Grant. */
const CLOSED: readonly (readonly [string, string, Act])[] = [
  ['label the namespace', NAMESPACE, patch(SELF, { labels: { 'istio-injection': 'enabled' } })],
  ['hold the namespace', NAMESPACE, patch(SELF, held)],
  ['lend by the namespace', NAMESPACE, patch(SELF, { annotations: { 'keystone.io/allowed-resources': 'x' } })],
  ['lend by the namespace, among other things', NAMESPACE, patch(SELF, { annotations: { a: 'b', 'keystone.io/allowed-resources': null } })],
  ['note something in the status of the namespace', NAMESPACE, patch(`${SELF}/status`, { annotations: { 'example.com/project': 'x' } })],
  ['delete the namespace', NAMESPACE, { method: 'DELETE', path: SELF }],
  ['make a quota', LIMITS, post('resourcequotas', named('x'))],
  ['place a pod', 'keystone-slice-pods', post('pods', podWith({ spec: { nodeName: 'x' } }))],
  ['make a pod that is held', METADATA, post('pods', podWith({ metadata: held }))],
  ['make a claim that is held', METADATA, post('persistentvolumeclaims', claim({}, held))],
];

describe('FR-004 · who serves the cluster serves a slice', () => {
  const { slice, done, post: make, here } = useSlice();
  const judged = async (who: Person, act: Act): Promise<string> => {
    const answer = await slice().does(who, here(act), true);
    return answer.status < 300 ? 'nobody' : refuserOf(answer);
  };

  before(async () => {
    await make('services', { metadata: { name: 'plain' }, spec: { ports: [{ port: 80 }] } });
    await make('persistentvolumeclaims', claim({}, { name: 'plain' }));
  });

  for (const [name, by, act] of SERVING) {
    it(`and may ${name}, as no guest may`, async () => {
      expect(await judged(DRIVER, act), 'a controller').to.equal('nobody');
      expect(await judged(BALANCER, act), 'a controller that is no ServiceAccount').to.equal('nobody');
      for (const who of [slice().guest, slice().workload, NEIGHBOUR, OWNER])
        expect(await judged(who, act), JSON.stringify(who)).to.equal(by);
    });
  }

  for (const [name, by, act] of CLOSED) it(`and may not ${name}`, async () => expect(await judged(DRIVER, act)).to.equal(by));

  it('and lets go of what it held, and a guest does not', async () => {
    await make('services', { metadata: { name: 'held' }, spec: { ports: [{ port: 80 }] } });
    await done(DRIVER, patch('services/held', held));
    await done(slice().guest, { method: 'DELETE', path: 'services/held' });
    const letGo = patch('services/held', { finalizers: null });
    expect(await judged(slice().guest, letGo)).to.equal(METADATA);
    await done(DRIVER, letGo);
    expect((await slice().does(OWNER, { method: 'GET', path: 'services/held' })).status).to.equal(404);
  });

  it('and kubelets fetch tokens for pods', async () => {
    expect(await judged(KUBELET, post('serviceaccounts/default/token', {}))).to.equal('nobody');
  });
});
