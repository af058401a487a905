import { expect } from 'chai';
import type { PersistentVolumeClaim, Pod, ResourceQuota } from '../webhook/kinds.ts';
import { OPERATOR_USER } from '../../api/keystone/v1alpha1/grant.policies.ts';
import { podUsage } from '../../webhooks/pod-usage.ts';
import { amountsOf } from '../../webhooks/amounts.ts';
import { formatQuantity, styleOf } from '../../controllers/runtime/quantity.ts';
import { ok, type Answer } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { startFaultProxy, type FaultProxy } from '../env/fault-proxy.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { must } from '../env/operator.ts';
import { kubectlWith } from '../grant/schema.ts';
import { openWorld, type WebhookReplica, type WebhookWorld } from '../webhook/world.ts';
import { decent, podSpec, podWith } from './grant.hostile-pods.ts';

const STORAGE = 'fast.storageclass.storage.k8s.io/requests.storage';
const HARD = {
  'requests.cpu': '4',
  'limits.cpu': '8',
  'requests.memory': '4Gi',
  'limits.memory': '4Gi',
  'requests.storage': '5Gi',
  [STORAGE]: '5Gi',
  pods: '10',
};
const resources = (cpu: string, memory = '64Mi'): object => ({ resources: { requests: { cpu, memory }, limits: { cpu, memory } } });
const OURS = /^admission webhook "quota\.keystone\.io" denied the request: exceeded quota: grant, /;
const NATIVE = /is forbidden: exceeded quota: grant, requested:/;

describe('more than a Grant lends', () => {
  let world: WebhookWorld;
  let replica: WebhookReplica;
  let proxy: FaultProxy;
  let namespace = '';
  before(async () => {
    world = await openWorld(controlPlane(), api());
    proxy = await startFaultProxy(controlPlane(), { as: OPERATOR_USER });
    replica = await world.start([], proxy.kubeconfigPath);
    await replica.operator.ready();
    const fast = {
      metadata: { name: 'fast' },
      provisioner: 'example.com/none',
      allowVolumeExpansion: true,
      volumeBindingMode: 'Immediate',
    };
    ok(await api().call('POST', '/apis/storage.k8s.io/v1/storageclasses', { body: fast }));
    namespace = await world.lend('small', HARD);
    await untilCalled();
  });
  after(async () => {
    await world.close();
    await proxy.stop();
    await api().call('DELETE', '/apis/storage.k8s.io/v1/storageclasses/fast');
    await api().call('DELETE', '/api/v1/persistentvolumes/one');
  });
  afterEach(async () => {
    ok(await api().call('DELETE', `${core('pods')}?gracePeriodSeconds=0`));
    await untilNothingIsCounted();
  });

  const core = (resource: string): string => `/api/v1/namespaces/${namespace}/${resource}`;
  const quota = async (): Promise<ResourceQuota> => ok<ResourceQuota>(await api().call('GET', core('resourcequotas/grant')));
  /** Pods are counted twice, by two caches of which either may lag. */
  const untilNothingIsCounted = () =>
    eventually(async () => expect((await quota()).status.used).to.include({ 'requests.cpu': '0', pods: '0', 'count/pods': '0' }));
  const create = (pod: object, dryRun = false) => api().call('POST', `${core('pods')}${dryRun ? '?dryRun=All' : ''}`, { body: pod });
  /** The registration has reached the API server, and the Service leads to the replica. */
  const untilCalled = () =>
    eventually(async () =>
      expect((await create(podWith({ container: resources('5') }), true)).body)
        .to.have.property('message')
        .that.matches(OURS),
    );

  /** In our words as soon as the cache has heard of what came before; until then the quota refuses by itself. */
  const refused = (attempt: () => Promise<Answer>, saying: string) =>
    eventually(async () => {
      const { status, body } = await attempt();
      expect(status, JSON.stringify(body)).to.equal(403);
      expect(body).to.have.property('message').that.matches(OURS).and.includes(saying);
    });

  it('is refused at apply, with all that is asked, used and free, in kubectl’s own words', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', ...podWith({ container: resources('5', '6Gi') }, 'large') };
    const { code, stderr } = await kubectlWith(['apply', '-n', namespace, '-f', '-'], JSON.stringify(pod));
    expect(code).to.equal(1);
    expect(stderr.trim().split('\n')).to.have.length(1);
    expect(stderr).to.match(
      /^Error from server \(Forbidden\): .*requests\.cpu: asked 5, used 0 of 4, free 4; requests\.memory: asked 6Gi, used 0 of 4Gi, free 4Gi/,
    );
    const { status, body } = await create(pod);
    expect(status).to.equal(403);
    expect(body).to.have.property('reason', 'Forbidden');
    const causes = (body as { details: { causes: { reason: string; field: string }[] } }).details.causes;
    expect(causes.map(({ field }) => field)).to.deep.equal(
      ['limits[memory]', 'requests[cpu]', 'requests[memory]'].map((field) => `spec.containers[*].resources.${field}`),
    );
    expect(new Set(causes.map(({ reason }) => reason))).to.deep.equal(new Set(['QuotaExceeded']));
  });

  it('is refused in a rehearsal too, which leaves nothing behind', async () => {
    ok(await create(podWith({ container: resources('3') }), true));
    expect((await create(podWith({ container: resources('5') }), true)).status).to.equal(403);
    expect((await quota()).status.used).to.include({ 'requests.cpu': '0', pods: '0' });
  });

  const counted: { name: string; pod: object }[] = [
    { name: 'containers that say nothing', pod: podWith() },
    { name: 'containers that say a limit only', pod: podWith({ container: { resources: { limits: { cpu: '700m', memory: '100M' } } } }) },
    {
      name: 'init containers and sidecars',
      pod: podWith({
        spec: {
          initContainers: [
            decent({ name: 'side', restartPolicy: 'Always', ...resources('150m') }),
            decent({ name: 'init', ...resources('1') }),
            decent({ name: 'late', restartPolicy: 'Always', ...resources('200m') }),
          ],
        },
        container: resources('300m'),
      }),
    },
    { name: 'a Pod that speaks as a whole', pod: podWith({ spec: { resources: { requests: { cpu: '500m' }, limits: { cpu: '1' } } } }) },
  ];
  for (const { name, pod } of counted) {
    it(`is counted as Kubernetes counts it: ${name}`, async () => {
      const made = ok<Pod>(await create(pod));
      const { used, hard } = (await quota()).status;
      const usage = podUsage(made) ?? new Map<string, bigint>();
      const ours = Object.keys(hard).map((key) => [key, formatQuantity(usage.get(key) ?? 0n, styleOf(key))]);
      const theirs = Object.keys(hard).map((key) => [key, formatQuantity(amountsOf(used).get(key) ?? 0n, styleOf(key))]);
      const ofPods = ([key = '']: readonly string[]) => /^(?:count\/)?pods$|cpu|memory|ephemeral/.test(key);
      expect(ours.filter(ofPods)).to.deep.equal(theirs.filter(ofPods));
    });
  }

  it('is refused to a Pod that grows', async () => {
    ok(await create(podWith({ container: resources('1') }, 'growing')));
    const grow = (cpu: string) =>
      api().call('PATCH', core('pods/growing/resize'), {
        contentType: 'application/strategic-merge-patch+json',
        body: { spec: { containers: [{ name: 'app', ...resources(cpu) }] } },
      });
    ok(await grow('3'));
    await refused(() => grow('5'), 'requests.cpu: asked 2, used 3 of 4, free 1');
  });

  it('is refused to claims on storage, new ones and those that grow', async () => {
    const claim = (storage: string) => ({
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage } } },
    });
    const large = await api().call('POST', core('persistentvolumeclaims'), { body: claim('6Gi') });
    expect(large.body).to.have.property('message').that.matches(OURS).and.includes(`${STORAGE}: asked 6Gi, used 0 of 5Gi, free 5Gi`);
    ok(await api().call('POST', core('persistentvolumeclaims'), { body: claim('2Gi') }));
    const volume = {
      metadata: { name: 'one' },
      spec: {
        capacity: { storage: '2Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        claimRef: { namespace, name: 'data' },
        csi: { driver: 'example.com', volumeHandle: 'one' },
      },
    };
    ok(await api().call('POST', '/api/v1/persistentvolumes', { body: volume }));
    await eventually(async () =>
      expect(ok<PersistentVolumeClaim>(await api().call('GET', core('persistentvolumeclaims/data'))).status.phase).to.equal('Bound'),
    );
    const grow = (storage: string) =>
      api().call('PATCH', core('persistentvolumeclaims/data'), {
        contentType: 'application/merge-patch+json',
        body: { spec: { resources: { requests: { storage } } } },
      });
    await refused(() => grow('7Gi'), 'requests.storage: asked 5Gi, used 2Gi of 5Gi, free 3Gi');
    ok(await grow('5Gi'));
  });

  it('is warned of where a workload asks for it, which Kubernetes would take and never start', async () => {
    const selector = { matchLabels: { app: 'web' } };
    const template = { metadata: { labels: { app: 'web' } }, spec: podSpec(resources('5')) };
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 0, selector, template } };
    const { code, stderr } = await kubectlWith(['apply', '-n', namespace, '-f', '-'], JSON.stringify(deployment));
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/^Warning: .*asks for 5 of requests\.cpu.* lends 4 /m);
    const calm = await kubectlWith(['annotate', '-n', namespace, 'deployment/web', 'a=b']);
    expect(calm.stderr, 'nothing is said of what did not change').to.equal('');
    await must(controlPlane(), ['delete', '-n', namespace, 'deployment/web']);
  });

  it('is never refused on old knowledge: what was deleted a moment ago makes room at once', async () => {
    ok(await create(podWith({ container: resources('4') }, 'old')));
    await eventually(async () =>
      expect((await create(podWith({ container: resources('1') }), true)).body)
        .to.have.property('message')
        .that.matches(OURS),
    );
    const release = proxy.hold({ path: /resourcequotas/, watch: true });
    try {
      ok(await api().call('DELETE', `${core('pods/old')}?gracePeriodSeconds=0`));
      await untilNothingIsCounted();
      ok(await create(podWith({ container: resources('4') }, 'new')));
    } finally {
      release();
    }
  });

  it('is left to the quota itself where it can’t be known for sure', async () => {
    const fault = proxy.answer({ path: core('resourcequotas/grant'), method: 'GET', watch: false }, 500, { times: 100 });
    try {
      const { status, body } = await create(podWith({ container: resources('5') }));
      expect(status).to.equal(403);
      expect(body).to.have.property('message').that.matches(NATIVE);
      expect(fault.hits()).to.be.above(0);
    } finally {
      fault.remove();
    }
  });

  it('is refused by Kubernetes while the operator is down, and what fits is not held up', async () => {
    expect(await replica.retire()).to.equal(0);
    ok(await create(podWith({ container: resources('1') }, 'fits')));
    const { status, body } = await create(podWith({ container: resources('5') }, 'large'));
    expect(status).to.equal(403);
    expect(body).to.have.property('message').that.matches(NATIVE);
    replica = await world.start([], proxy.kubeconfigPath);
    await replica.operator.ready();
    await untilCalled();
  });
});
