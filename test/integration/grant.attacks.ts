/** What a guest who may do everything in the slice, or somebody from outside, must not get done. */
import { change, create, KINDS, labelled, METADATA, named, patch, workload, type Attack } from './grant.attack.ts';
import { onControllers, onDetours, onTime } from './grant.attacks.detours.ts';
import { onLimits, onNamespace } from './grant.attacks.limits.ts';
import { onServices } from './grant.attacks.services.ts';
import { onStorage } from './grant.attacks.storage.ts';
import { onTemplates } from './grant.attacks.templates.ts';
import { podWith } from './grant.hostile-pods.ts';

const labels = { 'keystone.io/controller': 'grant' };
const owned = (kind: string, apiVersion = 'v1', more: object = {}): object => ({
  metadata: { name: 'x', ownerReferences: [{ apiVersion, kind, name: 'y', uid: 'y', ...more }] },
});
const endpoint = { addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'] }], ports: [{ port: 443 }] };

const EVENT = { metadata: { name: 'x' }, involvedObject: { namespace: 'SLICE', kind: 'Pod', name: 'x' } };
const GRANT = {
  apiVersion: 'keystone.io/v1alpha1',
  kind: 'Grant',
  ...named('x', { spec: { grantorRealm: 'alice-home', granteeRealm: 'bob-home' } }),
};

/** What every pod tolerates. */
const lost = ['not-ready', 'unreachable'].map((key) => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));

/** From within the slice on what is around it. */
const onSurroundings: readonly Attack[] = [
  create('holds a ConfigMap', METADATA, 'configmaps', { metadata: { name: 'x', finalizers: ['example.com/never'] } }),
  change('holds what is there', METADATA, 'configmaps/plain', patch({ finalizers: ['example.com/never'] })),
  create(
    'holds a pod by the finalizer of claims',
    METADATA,
    'pods',
    podWith({ metadata: { finalizers: ['kubernetes.io/pvc-protection'] } }),
  ),
  change(
    'holds a pod that is there by the finalizer of claims',
    METADATA,
    'pods/plain',
    patch({ finalizers: ['kubernetes.io/pvc-protection'] }),
  ),
  create(
    'holds a pod by the finalizer of jobs',
    METADATA,
    'pods',
    podWith({ metadata: { finalizers: ['batch.kubernetes.io/job-tracking'] } }),
  ),
  create('names the namespace as owner', METADATA, 'configmaps', owned('Namespace')),
  create(
    'names our quota as owner and keeps it from going',
    METADATA,
    'configmaps',
    owned('ResourceQuota', 'v1', { blockOwnerDeletion: true }),
  ),
  create('names a Grant as owner', METADATA, 'configmaps', owned('Grant', 'keystone.io/v1alpha1')),
  create('passes a ConfigMap off as ours', METADATA, 'configmaps', labelled('x', labels)),
  change('passes off what is there as ours', METADATA, 'configmaps/plain', patch({ annotations: { 'sub.keystone.io/x': 'y' } })),
  create('passes pods off as ours by a template', METADATA, 'apps/v1:deployments', workload({}, { annotations: { 'keystone.io/x': 'y' } })),
  change('has its say in the status of a Service', KINDS, 'services/plain/status', patch({ annotations: { a: 'b' } })),
  create('writes endpoints', KINDS, 'endpoints', named('x', { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 443 }] }] })),
  create('writes endpoint slices', KINDS, 'discovery.k8s.io/v1:endpointslices', named('x', endpoint)),
  create(
    'claims a host name',
    KINDS,
    'networking.k8s.io/v1:ingresses',
    named('x', { spec: { defaultBackend: { service: { name: 'x', port: { number: 80 } } } } }),
  ),
  create('lends on what was lent', KINDS, 'keystone.io/v1alpha1:grants', GRANT),
  { ...create('as owner, keeps a Grant in a slice', KINDS, 'keystone.io/v1alpha1:grants', GRANT), who: 'owner' },
  { ...create('from another slice, floods events', KINDS, 'events', EVENT), who: 'neighbour' },
  {
    ...change('from another slice, lets a pod tolerate more', 'keystone-slice-pods', 'pods/plain', {
      spec: { tolerations: [...lost, { operator: 'Exists' }] },
    }),
    who: 'neighbour',
  },
  create('floods events', KINDS, 'events', EVENT),
  create('binds a pod to a node', KINDS, 'pods/plain/binding', named('plain', { target: { kind: 'Node', name: 'node-1' } })),
  create('binds a pod the old way', KINDS, 'bindings', named('plain', { target: { kind: 'Node', name: 'node-1' } })),
  create('takes a token for a year', KINDS, 'serviceaccounts/default/token', { spec: { expirationSeconds: 31_536_000 } }),
  create('takes a token that never expires', 'keystone-slice-secrets', 'secrets', {
    metadata: { name: 'x', annotations: { 'kubernetes.io/service-account.name': 'default' } },
    type: 'kubernetes.io/service-account-token',
  }),
  change('says that its pod runs elsewhere', KINDS, 'pods/plain/status', { status: { phase: 'Succeeded' } }),
  change('attaches a container to a pod', 'keystone-slice-pods', 'pods/plain/ephemeralcontainers', {
    spec: {
      ephemeralContainers: [
        {
          name: 'e',
          image: 'x',
          securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }),
  change('tolerates more, later', 'keystone-slice-pods', 'pods/plain', { spec: { tolerations: [...lost, { operator: 'Exists' }] } }),
  ...[0, '0%', '00%', '000%'].map((maxUnavailable) =>
    create(
      `never lets a pod be moved, with ${JSON.stringify(maxUnavailable)}`,
      'keystone-slice-budgets',
      'policy/v1:poddisruptionbudgets',
      named('x', { spec: { maxUnavailable, selector: {} } }),
    ),
  ),
  ...['deployments', 'statefulsets', 'daemonsets'].map((resource) =>
    create(
      `keeps more than ten versions of its ${resource}`,
      'keystone-slice-workloads',
      `apps/v1:${resource}`,
      workload({ revisionHistoryLimit: 11 }),
    ),
  ),
  create(
    'never lets the last pod be moved',
    'keystone-slice-budgets',
    'policy/v1:poddisruptionbudgets',
    named('x', { spec: { minAvailable: '100%', selector: {} } }),
  ),
];

/** All of them, by what they aim at. */
export const ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  'the limits of the slice': onLimits,
  'the namespace': onNamespace,
  'what is around the slice': onSurroundings,
  'who serves Services': onServices,
  'what is not lent': onStorage,
  'what is made from templates': onTemplates,
  'the controllers of the cluster': onControllers,
  'the time of the API server': onTime,
  'the same by other ways': onDetours,
};
