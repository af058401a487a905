import { expect } from 'chai';
import { ALLOWED_KEYS, ALLOWED_LOAD_BALANCER_CLASSES } from '../../api/keystone/v1alpha1/grant.policies.ts';
import { eventually } from '../env/eventually.ts';
import { messageOf, refuserOf } from './grant.slice.ts';
import { useSlice } from './grant.use-slice.ts';

const BY = 'keystone-slice-services';

/** What charts and tools write on Services. */
const USUAL = {
  labels: {
    app: 'web',
    'app.kubernetes.io/name': 'web',
    'helm.sh/chart': 'web-1.0.0',
    'kubernetes.io/name': 'web',
    'argocd.argoproj.io/instance': 'web',
    'kustomize.toolkit.fluxcd.io/name': 'web',
  },
  annotations: {
    description: 'x',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    'meta.helm.sh/release-name': 'web',
    'helm.sh/hook': 'post-install',
    'argocd.argoproj.io/tracking-id': 'x',
    'reconcile.fluxcd.io/requestedAt': 'x',
    'prometheus.io/scrape': 'true',
    'checksum/config': 'x',
    'service.kubernetes.io/topology-mode': 'Auto',
    'service.alpha.kubernetes.io/tolerate-unready-endpoints': 'true',
  },
};

describe('FR-004 · the Services of a slice', function () {
  const { slice, done, post } = useSlice();
  const service = (metadata: object, spec: object = {}): object => ({
    metadata: { name: 'x', ...metadata },
    spec: { ports: [{ port: 80 }], ...spec },
  });
  const judged = async (body: object): Promise<string> => {
    const answer = await slice().does(slice().guest, { method: 'POST', path: 'services', body }, true);
    return answer.status === 201 ? 'nobody' : refuserOf(answer);
  };
  /** The owner says what Services may carry; a policy hears of it a moment later. */
  const allow = (annotations: object): Promise<unknown> =>
    done(slice().operator, { method: 'PATCH', path: `/api/v1/namespaces/${slice().name}`, body: { metadata: { annotations } } });

  it('carry what charts and tools write', async () => {
    expect(await judged(service(USUAL))).to.equal('nobody');
    await post('services', service({ name: 'usual', ...USUAL }));
    const later = {
      method: 'PATCH',
      path: 'services/usual',
      body: { metadata: { annotations: { 'prometheus.io/scrape': null } } },
    } as const;
    await done(slice().guest, later);
  });

  it('carry as much of it as anybody writes', async () => {
    const annotations = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`meta.helm.sh/note-${i}`, 'x'.repeat(100)]));
    await post('services', service({ name: 'full', annotations, labels: USUAL.labels }));
    await done(slice().guest, { method: 'PATCH', path: 'services/full', body: { metadata: { labels: { a: 'b' } } } });
  });

  it('have addresses of both families from the start, which the cluster chooses', async () => {
    const both = (spec: object): object => service({ name: 'both' }, { ipFamilyPolicy: 'RequireDualStack', ...spec });
    expect(await judged(both({ clusterIP: '10.96.7.7', clusterIPs: ['10.96.7.7', 'fd00:10:96::77'] }))).to.equal(BY);
    expect(await post('services', both({})))
      .to.have.nested.property('spec.clusterIPs')
      .with.length(2);
  });

  it('are refused in a sentence that names each key, and what to do', async () => {
    const annotations = { 'tailscale.com/expose': 'true', 'prometheus.io/port': '80', 'external-dns.alpha.kubernetes.io/hostname': 'x.y' };
    const body = service({ annotations, labels: { 'istio.io/global': 'true' } });
    const said = messageOf(await slice().does(slice().guest, { method: 'POST', path: 'services', body }, true));
    expect(said.replace(/^.* denied request: /, '')).to.equal(
      'the labels and annotations external-dns.alpha.kubernetes.io/hostname, istio.io/global, tailscale.com/expose might have a controller of this cluster act beyond this namespace: leave them as they are, or ask the owner to name them in keystone.io/allowed-keys',
    );
  });

  it('carry what the owner lists, by prefix or key', async () => {
    const keyed = (key: string): object => service({ annotations: { [key]: 'x' } });
    await allow({ [ALLOWED_KEYS]: 'metallb.io,tailscale.com/hostname' });
    await eventually(async () => expect(await judged(keyed('metallb.io/address-pool'))).to.equal('nobody'));
    expect(await judged(keyed('tailscale.com/hostname'))).to.equal('nobody');
    for (const key of ['tailscale.com/expose', 'x.metallb.io/y', 'metallb.io.example.com/y'])
      expect(await judged(keyed(key)), key).to.equal(BY);
    await allow({ [ALLOWED_KEYS]: null });
    await eventually(async () => expect(await judged(keyed('metallb.io/address-pool'))).to.equal(BY));
  });

  it('have the balancers that the owner lists, as far as any are lent', async () => {
    const balanced = service({}, { type: 'LoadBalancer', loadBalancerClass: 'example.com/lan' });
    expect(await judged(balanced)).to.equal(BY);
    await allow({ [ALLOWED_LOAD_BALANCER_CLASSES]: 'example.com/lan' });
    await eventually(async () => expect(await judged(balanced)).to.equal('quota'));
  });
});
