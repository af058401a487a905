import { expect } from 'chai';
import type { NetworkPolicy, ResourceQuota } from '../../api/meta/builtin.ts';
import { scrape } from '../../controllers/runtime/metrics.ts';
import { ok } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api } from '../env/hooks.ts';
import { breakGlass } from '../grant/glass.ts';
import { useGrants } from '../grant/world.ts';

const HALF = { 'requests.cpu': '4', 'requests.memory': '1Gi' };

/** What somebody may add to our network policies. */
const OPENINGS: readonly (readonly [string, string, unknown])[] = [
  ['inside', '/spec/ingress/0/from/0/namespaceSelector', {}],
  ['inside', '/spec/egress/0/to/-', { namespaceSelector: {} }],
  ['dns', '/spec/egress/0/ports/0/endPort', 65_535],
  ['dns', '/spec/ingress', [{}]],
  ['default-deny', '/spec/egress', [{}]],
  ['default-deny', '/spec/podSelector/matchLabels', { closed: 'yes' }],
];

describe('drift in a slice', () => {
  const world = useGrants();

  it('is not held up by a policy elsewhere that bears its marks', async () => {
    await world.run();
    const { metadata } = await world.create('marked', { hard: HALF });
    await world.because('marked', 'InForce', 'Usable');
    const policies = `/apis/networking.k8s.io/v1/namespaces/${world.namespace}/networkpolicies`;
    ok(await api().call('POST', policies, { body: { metadata: { name: 'lookalike' }, spec: { podSelector: {} } } }));
    const marks = ['keystone.io/controller=grant', `keystone.io/owner-uid=${metadata.uid}`];
    // Nobody else may, and nobody could be kept from it before there was a policy.
    await breakGlass(['label', 'networkpolicy/lookalike', '-n', world.namespace, ...marks]);
    await world.change('marked', { cordoned: true });
    await world.because('marked', 'Cordoned');
    expect((await api().call('GET', `${policies}/lookalike`)).status).to.equal(200);
  });

  it('is repaired in seconds and counted: quota, limits, policies and labels', async () => {
    const engine = await world.run();
    await world.create('g', { hard: HALF });
    const slice = (await world.because('g', 'InForce', 'Usable')).status?.namespace ?? '';
    const quota = async () => ok<ResourceQuota>(await api().call('GET', `/api/v1/namespaces/${slice}/resourcequotas/grant`));
    await breakGlass(['delete', 'resourcequota/grant', '-n', slice]);
    await eventually(async () => void (await quota()));
    await breakGlass(['patch', 'resourcequota/grant', '-n', slice, '--type=merge', '-p', '{"spec":{"hard":{"requests.cpu":"100"}}}']);
    await eventually(async () => expect((await quota()).spec?.hard).to.include({ 'requests.cpu': '4' }));
    await breakGlass(['delete', 'networkpolicy/grant-default-deny', '-n', slice]);
    const policy = `/apis/networking.k8s.io/v1/namespaces/${slice}/networkpolicies/grant-default-deny`;
    await eventually(async () => expect((await api().call('GET', policy)).status).to.equal(200));
    // What is added where nothing was said opens as much as what is changed.
    const specs = async () => {
      const { items } = ok<{ items: NetworkPolicy[] }>(
        await api().call('GET', `/apis/networking.k8s.io/v1/namespaces/${slice}/networkpolicies`),
      );
      return items.map(({ spec }) => spec);
    };
    const closed = await specs();
    for (const [name, path, value] of OPENINGS) {
      const patch = JSON.stringify([{ op: 'add', path, value }]);
      await breakGlass(['patch', `networkpolicy/grant-${name}`, '-n', slice, '--type=json', '-p', patch]);
      await eventually(async () => expect(await specs(), path).to.deep.equal(closed));
    }
    await breakGlass(['label', 'namespace', slice, 'pod-security.kubernetes.io/enforce=privileged', '--overwrite']);
    await eventually(async () => {
      const { metadata } = ok<{ metadata: { labels: Record<string, string> } }>(await api().call('GET', `/api/v1/namespaces/${slice}`));
      expect(metadata.labels).to.include({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    });
    await world.because('g', 'InForce', 'Usable');
    const told = (await scrape(engine.metrics)).split('\n').filter((line) => line.startsWith('keystone_drift_repaired_total{'));
    expect(told.toSorted((a, b) => a.localeCompare(b))).to.deep.equal([
      'keystone_drift_repaired_total{controller="grant",kind="Namespace"} 1',
      'keystone_drift_repaired_total{controller="grant",kind="NetworkPolicy"} 7',
      'keystone_drift_repaired_total{controller="grant",kind="ResourceQuota"} 2',
    ]);
  });
});
