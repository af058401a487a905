import { expect } from 'chai';
import type { ResourceQuota } from '../../api/meta/builtin.ts';
import { ok } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api } from '../env/hooks.ts';
import { breakGlass } from '../grant/glass.ts';
import { decentPod } from '../grant/pod.ts';
import { useGrants } from '../grant/world.ts';
import { workload } from './grant.attack.ts';
import { podSpec } from './grant.hostile-pods.ts';

const GUEST = 'guest';
/** As many of each kind are lent, and so many more are tried, all at once. */
const [LENT, TRIED] = [3, 12];

const job = { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } };
const claim = { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Mi' } } };
const scaled = { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' } };
const idle = { replicas: 0 };
const DEVICES = { requests: [{ name: 'one', exactly: { deviceClassName: 'gpu' } }] };
const small = { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } };

/** Every kind of object that a guest can make and a Grant can lend by number: where it is made, the key that counts it, and one of it. */
const FLOODS: readonly { readonly path: string; readonly key: string; readonly object: object }[] = [
  { path: '/api/v1:pods', key: 'pods', object: decentPod('x', small) },
  { path: '/api/v1:configmaps', key: 'configmaps', object: {} },
  { path: '/api/v1:secrets', key: 'secrets', object: {} },
  { path: '/api/v1:services', key: 'services', object: { spec: { ports: [{ port: 80 }] } } },
  { path: '/api/v1:serviceaccounts', key: 'count/serviceaccounts', object: {} },
  { path: '/api/v1:persistentvolumeclaims', key: 'persistentvolumeclaims', object: { spec: claim } },
  {
    path: '/api/v1:replicationcontrollers',
    key: 'replicationcontrollers',
    object: workload({ selector: { a: 'b' }, ...idle }),
  },
  ...['deployments', 'statefulsets', 'replicasets'].map((plural) => ({
    path: `/apis/apps/v1:${plural}`,
    key: `count/${plural}.apps`,
    object: workload({ ...idle, ...(plural === 'statefulsets' ? { serviceName: 'x' } : {}) }),
  })),
  { path: '/apis/apps/v1:daemonsets', key: 'count/daemonsets.apps', object: workload({}) },
  { path: '/apis/batch/v1:jobs', key: 'count/jobs.batch', object: { spec: { ...job, suspend: true } } },
  {
    path: '/apis/batch/v1:cronjobs',
    key: 'count/cronjobs.batch',
    object: { spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: job } } },
  },
  { path: '/apis/autoscaling/v2:horizontalpodautoscalers', key: 'count/horizontalpodautoscalers.autoscaling', object: { spec: scaled } },
  { path: '/apis/policy/v1:poddisruptionbudgets', key: 'count/poddisruptionbudgets.policy', object: { spec: { maxUnavailable: 1 } } },
  { path: '/apis/coordination.k8s.io/v1:leases', key: 'count/leases.coordination.k8s.io', object: { spec: {} } },
  { path: '/apis/resource.k8s.io/v1:resourceclaims', key: 'count/resourceclaims.resource.k8s.io', object: { spec: { devices: DEVICES } } },
];
/** What opens the network of the nodes: none of it is lent. */
const NOT_LENT = [
  { type: 'LoadBalancer', of: 'services.loadbalancers' },
  { type: 'NodePort', of: 'services.nodeports' },
];

describe('FR-004 · a flood of objects in the slice of a Grant, without an operator', () => {
  const world = useGrants();

  it('is let in up to what is lent of each kind, and refused beyond', async () => {
    const engine = await world.run();
    const counts = Object.fromEntries(FLOODS.map(({ key }) => [key, String(LENT)]));
    const devices = { 'gpu.deviceclass.resource.k8s.io/devices': '100' };
    const storage = { 'requests.storage': '1Gi', 'fast.storageclass.storage.k8s.io/requests.storage': '1Gi' };
    await world.create('flooded', { hard: { 'requests.cpu': '4', 'requests.memory': '8Gi', ...storage, ...devices, ...counts } });
    const slice = (await world.because('flooded', 'InForce', 'Usable')).status?.namespace ?? '';
    await breakGlass(['create', 'rolebinding', GUEST, '--clusterrole=cluster-admin', `--user=${GUEST}`, '-n', slice]);
    // Kubernetes puts a ServiceAccount and a ConfigMap of its own there.
    for (const own of ['serviceaccounts/default', 'configmaps/kube-root-ca.crt'])
      await eventually(async () => void ok(await api().call('GET', `/api/v1/namespaces/${slice}/${own}`)));
    await untilCounted(slice);
    await engine.stop();
    const failures = await Promise.all(FLOODS.map((flood) => faultsOf(slice, flood)));
    expect(failures.flat()).to.deep.equal([]);
    for (const { type, of } of NOT_LENT) {
      const body = { metadata: { name: type.toLowerCase() }, spec: { type, ports: [{ port: 80 }] } };
      const answer = await api().call('POST', `/api/v1/namespaces/${slice}/services`, { as: GUEST, body });
      expect(JSON.stringify(answer.body)).to.include('exceeded quota').and.include(of);
    }
  });

  /** Kubernetes may have counted its own twice by then: it counts again once something of the kind goes. */
  async function untilCounted(slice: string): Promise<void> {
    const within = `/api/v1/namespaces/${slice}`;
    await eventually(
      async () => {
        const { status } = ok<ResourceQuota>(await api().call('GET', `${within}/resourcequotas/grant`));
        const counts = { configmaps: '1', 'count/serviceaccounts': '1' };
        if (Object.entries(counts).every(([key, count]) => status?.used?.[key] === count)) return;
        for (const kind of ['configmaps', 'serviceaccounts']) {
          await api().call('POST', `${within}/${kind}`, { body: { metadata: { name: 'for-a-moment' } } });
          await api().call('DELETE', `${within}/${kind}/for-a-moment`);
        }
        expect(status?.used).to.include(counts);
      },
      { withinMs: 60_000, everyMs: 2_000 },
    );
  }

  /** What came of a flood of one kind that should not have. */
  async function faultsOf(slice: string, { path, object }: (typeof FLOODS)[number]): Promise<readonly string[]> {
    const [group, plural] = path.split(':');
    const url = `${group}/namespaces/${slice}/${plural}`;
    const made = (i: number) => ({ ...object, metadata: { name: `flood-${i}` } });
    const answers = await Promise.all(
      Array.from({ length: TRIED }, (_, i) => api().call('POST', url, { as: GUEST, body: made(i), timeoutMs: 60_000 })),
    );
    const others = answers.filter(({ status, body }) => status !== 201 && !JSON.stringify(body).includes('exceeded quota'));
    const there = ok<{ items: unknown[] }>(await api().call('GET', url)).items.length;
    return [
      ...others.map(({ status, body }) => `${plural}: ${status} ${JSON.stringify(body).slice(0, 300)}`),
      ...(there === LENT ? [] : [`${plural}: ${there} of ${LENT}`]),
    ];
  }
});
