/** What a guest who may do everything in the slice, or somebody from outside, must not get done. */
import { podSpec, podWith } from './grant.hostile-pods.ts';
import type { Act } from './grant.slice.ts';

/** One attack, and the policy that stops it. */
export interface Attack extends Act {
  readonly name: string;
  readonly by: string;
  /** `guest` unless somebody else tries. */
  readonly who?: 'guest' | 'workload' | 'neighbour' | 'controller' | 'owner';
}

const named = (name: string, more: object = {}): object => ({ metadata: { name }, ...more });
const labelled = (name: string, labels: object): object => ({ metadata: { name, labels } });
const patch = (metadata: object): object => ({ metadata });
const create = (name: string, by: string, path: string, body: object): Attack => ({ name, by, method: 'POST', path, body });
const change = (name: string, by: string, path: string, body: object): Attack => ({ name, by, method: 'PATCH', path, body });
const remove = (name: string, by: string, path: string): Attack => ({ name, by, method: 'DELETE', path });

const LIMITS = 'keystone-slice-limits';
const NETWORK = 'networking.k8s.io/v1:networkpolicies';
const RBAC = 'rbac.authorization.k8s.io/v1:';
const OPEN = { spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] } };
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' };
const subjects = [{ kind: 'User', name: 'mallory', apiGroup: 'rbac.authorization.k8s.io' }];

/** On the limits of the slice. */
const onLimits: readonly Attack[] = [
  change('raises the quota', LIMITS, 'resourcequotas/grant', { spec: { hard: { pods: '1000' } } }),
  change('raises the quota in its status', LIMITS, 'resourcequotas/grant/status', { status: { hard: { pods: '1000' } } }),
  change('takes our label off the quota', LIMITS, 'resourcequotas/grant', patch({ labels: { 'keystone.io/controller': null } })),
  remove('deletes the quota', LIMITS, 'resourcequotas/grant'),
  remove('deletes all quotas at once', LIMITS, 'resourcequotas'),
  create('adds a quota', LIMITS, 'resourcequotas', named('mine', { spec: { hard: { pods: '0' } } })),
  remove('deletes the LimitRange', LIMITS, 'limitranges/grant'),
  create('adds a LimitRange', LIMITS, 'limitranges', named('mine', { spec: { limits: [] } })),
  create('opens the network beside our policy', LIMITS, NETWORK, named('open', OPEN)),
  create('opens the network under our label', LIMITS, NETWORK, {
    ...labelled('grant-more', { 'keystone.io/controller': 'grant' }),
    ...OPEN,
  }),
  change('opens our network policy', LIMITS, `${NETWORK}/grant-default-deny`, OPEN),
  remove('deletes our network policy', LIMITS, `${NETWORK}/grant-default-deny`),
  remove('deletes all network policies at once', LIMITS, NETWORK),
  create('lets somebody else in', LIMITS, `${RBAC}rolebindings`, named('friend', { roleRef, subjects })),
  change('adds somebody to our binding', LIMITS, `${RBAC}rolebindings/grant-admin`, { subjects }),
  remove('deletes our binding', LIMITS, `${RBAC}rolebindings/grant-admin`),
  create('makes a role', LIMITS, `${RBAC}roles`, named('more', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] })),
  change('changes another object of ours', 'keystone-slice-objects', 'configmaps/grant-terms', { data: { a: 'b' } }),
  change('takes our label off another object', 'keystone-slice-objects', 'configmaps/grant-terms', patch({ labels: null })),
  remove('deletes another object of ours', 'keystone-slice-objects', 'configmaps/grant-terms'),
  remove('deletes all ConfigMaps at once, ours among them', 'keystone-slice-objects', 'configmaps'),
  { ...remove('as owner, deletes the quota by mistake', LIMITS, 'resourcequotas/grant'), who: 'owner' },
  { ...remove('as a workload, deletes our network policy', LIMITS, `${NETWORK}/grant-default-deny`), who: 'workload' },
];

const NAMESPACE = 'keystone-slice-namespace';
const SELF = '/api/v1/namespaces/SLICE';

/** On the namespace itself. */
const onNamespace: readonly Attack[] = [
  change('loosens Pod Security', NAMESPACE, SELF, patch({ labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } })),
  change('takes the label off the namespace', NAMESPACE, SELF, patch({ labels: { 'keystone.io/slice': null } })),
  change('lends itself a device', NAMESPACE, SELF, patch({ annotations: { 'keystone.io/allowed-resources': 'example.com/fpga' } })),
  change('lends itself a storage class', NAMESPACE, SELF, patch({ annotations: { 'keystone.io/allowed-storage-classes': 'precious' } })),
  change('holds the namespace', NAMESPACE, SELF, patch({ finalizers: ['example.com/never'] })),
  change('changes the status of the namespace', NAMESPACE, `${SELF}/status`, patch({ annotations: { a: 'b' } })),
  remove('deletes the namespace', NAMESPACE, SELF),
  { ...remove('as owner, deletes the namespace by mistake', NAMESPACE, SELF), who: 'owner' },
  {
    ...create(
      'as owner, makes a namespace that looks like ours',
      NAMESPACE,
      '/api/v1/namespaces',
      labelled('grant-lookalike', { 'keystone.io/slice': 'x' }),
    ),
    who: 'owner',
  },
  {
    ...change(
      'as owner, makes another namespace look as if it had been ours',
      NAMESPACE,
      '/api/v1/namespaces/default',
      patch({ labels: { 'keystone.io/controller': 'grant' } }),
    ),
    who: 'owner',
  },
  {
    ...change(
      'as owner, makes another namespace look like ours',
      NAMESPACE,
      '/api/v1/namespaces/default',
      patch({ labels: { 'keystone.io/slice': 'x' } }),
    ),
    who: 'owner',
  },
];

const METADATA = 'keystone-slice-metadata';
const KINDS = 'keystone-slice-kinds';
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
const workload = (more: object, template: object = {}): object => ({
  metadata: { name: 'x' },
  spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' }, ...template }, spec: podSpec() }, ...more },
});

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
  create(
    'catches foreign traffic',
    'keystone-slice-services',
    'services',
    named('x', { spec: { ports: [{ port: 80 }], externalIPs: ['192.0.2.1'] } }),
  ),
  create(
    'leads traffic elsewhere',
    'keystone-slice-services',
    'services',
    named('x', { spec: { type: 'ExternalName', externalName: 'kubernetes.default.svc' } }),
  ),
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
  { ...create('as a workload, makes a lookalike of our policy', LIMITS, NETWORK, named('grant-open', OPEN)), who: 'workload' },
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

const CLAIMS = 'keystone-slice-claims';
const claim = (spec: object, metadata: object = {}): object => ({
  metadata: { name: 'x', ...metadata },
  spec: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const claims = (name: string, spec: object, metadata: object = {}): Attack =>
  create(name, CLAIMS, 'persistentvolumeclaims', claim(spec, metadata));
const devices = (exactly: object): object => ({ devices: { requests: [{ name: 'd', exactly }] } });
const DEVICES = 'keystone-slice-devices';

/** On what is not lent. */
const onStorage: readonly Attack[] = [
  claims('claims a class that is not lent', { storageClassName: 'precious' }),
  claims('claims without a class', { storageClassName: undefined }),
  claims("claims the owner's volumes that have no class", { storageClassName: '' }),
  claims('claims a class by the old annotation', {}, { annotations: { 'volume.beta.kubernetes.io/storage-class': 'precious' } }),
  claims('claims a volume by name', { volumeName: 'pv-of-others' }),
  claims('claims a volume by label', { selector: { matchLabels: { a: 'b' } } }),
  claims('poses as bound', {}, { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }),
  claims('chooses a node for its volume', {}, { annotations: { 'volume.kubernetes.io/selected-node': 'node-1' } }),
  claims('fills its volume from elsewhere', { dataSourceRef: { apiGroup: 'example.com', kind: 'Populator', name: 'x' } }),
  claims('tunes its volume', { volumeAttributesClassName: 'gold' }),
  create(
    'claims a device of a class that is not lent',
    DEVICES,
    'resource.k8s.io/v1:resourceclaims',
    named('x', { spec: devices({ deviceClassName: 'gpu.example.com' }) }),
  ),
  create(
    'claims a device by a template',
    DEVICES,
    'resource.k8s.io/v1:resourceclaimtemplates',
    named('x', { spec: { spec: devices({ deviceClassName: 'gpu.example.com' }) } }),
  ),
  create('claims no device at all', DEVICES, 'resource.k8s.io/v1:resourceclaims', named('x', { spec: {} })),
  create('claims no device at all by a template', DEVICES, 'resource.k8s.io/v1:resourceclaimtemplates', named('x', { spec: { spec: {} } })),
  create('asks for a balancer', 'quota', 'services', named('x', { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } })),
  create('asks for a port on every node', 'quota', 'services', named('x', { spec: { type: 'NodePort', ports: [{ port: 80 }] } })),
  create('claims more than is lent', 'quota', 'persistentvolumeclaims', claim({ resources: { requests: { storage: '11Gi' } } })),
];

const held = { finalizers: ['example.com/never'] };
const job = (template: object): object => ({ template: { ...template, spec: { ...podSpec(), restartPolicy: 'Never' } } });
const cron = (jobTemplate: object): object => named('x', { spec: { schedule: '0 0 1 1 *', jobTemplate } });
const claimTemplate = (metadata: object): object =>
  workload({ serviceName: 'x', volumeClaimTemplates: [claim({}, { name: 'd', ...metadata })] });
const BYSTANDER = { apiVersion: 'v1', kind: 'ConfigMap', name: 'plain', uid: 'x' };

/** By templates, on what the controllers of Kubernetes make of them. */
const onTemplates: readonly Attack[] = [
  ...['deployments', 'replicasets', 'statefulsets', 'daemonsets'].map((resource) =>
    create(`holds the pods of its ${resource}`, METADATA, `apps/v1:${resource}`, workload({}, held)),
  ),
  create('holds the pods of a ReplicationController', METADATA, 'replicationcontrollers', workload({ selector: { a: 'b' } }, held)),
  create('holds the pods of a Job', METADATA, 'batch/v1:jobs', named('x', { spec: job({ metadata: held }) })),
  create('holds the jobs of a CronJob', METADATA, 'batch/v1:cronjobs', cron({ metadata: held, spec: job({}) })),
  create('holds the pods of a CronJob', METADATA, 'batch/v1:cronjobs', cron({ spec: job({ metadata: held }) })),
  create('holds the claims of a StatefulSet', METADATA, 'apps/v1:statefulsets', claimTemplate(held)),
  create('has the claims of a StatefulSet owned', METADATA, 'apps/v1:statefulsets', claimTemplate({ ownerReferences: [BYSTANDER] })),
  change('holds the pods of a Deployment later', METADATA, 'apps/v1:deployments/plain', { spec: { template: { metadata: held } } }),
  { ...create('through a controller, holds a pod', METADATA, 'pods', podWith({ metadata: held })), who: 'controller' },
  { ...create('through a controller, holds a claim', METADATA, 'persistentvolumeclaims', claim({}, held)), who: 'controller' },
];

/** All of them, by what they aim at. */
export const ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  'the limits of the slice': onLimits,
  'the namespace': onNamespace,
  'what is around the slice': onSurroundings,
  'what is not lent': onStorage,
  'what is made from templates': onTemplates,
};
