/** Attacks on the controllers of the cluster, and the old attacks by other ways. */
import { change, claim, create, KINDS, LIMITS, METADATA, named, workload, type Attack } from './grant.attack.ts';
import { podSpec, podWith } from './grant.hostile-pods.ts';

const SECRETS = 'keystone-slice-secrets';
const WORKLOADS = 'keystone-slice-workloads';
const scaler = (more: object): object =>
  named('x', { spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'x' }, ...more } });
const copied = (resource: string, key: string): Attack =>
  create(`has a copy of its ${resource} put elsewhere, by ${key}`, SECRETS, resource, {
    metadata: { name: 'x', annotations: { [key]: '.*' } },
  });
const MANY = 1001;
const swollen = (variables: number): object => ({
  metadata: { labels: { a: 'b' } },
  spec: podSpec({ env: Array.from({ length: variables }, (_, i) => ({ name: `A${i}` })) }),
});
/** Names differ, since lists of the API are maps by name. */
const filled = (list: string, entry: object): object => ({
  metadata: { labels: { a: 'b' } },
  spec: { ...podSpec(), [list]: Array.from({ length: 201 }, (_, i) => ('name' in entry ? { ...entry, name: `a${i}` } : entry)) },
});
const JOBS = { spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } };

/** On the controllers, which hold in memory what a workload says and act for whoever asks. */
export const onControllers: readonly Attack[] = [
  ...['deployments', 'statefulsets', 'replicasets'].map((resource) =>
    create(`fills the memory of the controller of ${resource}`, WORKLOADS, `apps/v1:${resource}`, workload({ replicas: 2_147_483_647 })),
  ),
  create('has many pods made in memory, in order', WORKLOADS, 'apps/v1:statefulsets', workload({ replicas: 31 })),
  create('has large pods made in memory', WORKLOADS, 'apps/v1:statefulsets', workload({ template: swollen(12_000) })),
  ...Object.entries({
    volumes: { name: 'a', emptyDir: {} },
    tolerations: { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 },
    hostAliases: { ip: '192.0.2.1', hostnames: ['a'] },
    imagePullSecrets: { name: 'a' },
  }).map(([list, entry]) =>
    create(`has pods with many ${list} made in memory`, WORKLOADS, 'apps/v1:statefulsets', workload({ template: filled(list, entry) })),
  ),
  create('asks for one too many', WORKLOADS, 'apps/v1:statefulsets', workload({ replicas: MANY })),
  create(
    'fills the memory of the controller of ReplicationControllers',
    WORKLOADS,
    'replicationcontrollers',
    workload({ selector: { a: 'b' }, replicas: MANY }),
  ),
  change('asks for many later', WORKLOADS, 'apps/v1:deployments/plain', { spec: { replicas: MANY } }),
  change('asks for many by scale', WORKLOADS, 'apps/v1:deployments/plain/scale', { spec: { replicas: MANY } }),
  create('has many made in order by load', WORKLOADS, 'autoscaling/v2:horizontalpodautoscalers', scaler({ maxReplicas: 31 })),
  create('has many asked for by load', WORKLOADS, 'autoscaling/v2:horizontalpodautoscalers', scaler({ maxReplicas: MANY })),
  create(
    'has many asked for by load, the old way',
    WORKLOADS,
    'autoscaling/v1:horizontalpodautoscalers',
    scaler({ minReplicas: MANY, maxReplicas: MANY }),
  ),
  ...['secrets', 'configmaps'].flatMap((resource) =>
    ['reflector.v1.k8s.emberstack.com/reflection-auto-enabled', 'replicator.v1.mittwald.de/replicate-to', 'kubed.appscode.com/sync'].map(
      (key) => copied(resource, key),
    ),
  ),
  change('has a copy put elsewhere later', SECRETS, 'configmaps/plain', {
    metadata: { annotations: { 'replicator.v1.mittwald.de/replicate-to': '.*' } },
  }),
  ...['@every 1s', '@every 0m', '@every 59s', '@every 1m1s', '@every 500ms'].map((schedule) =>
    create(
      `keeps the controller of CronJobs busy, ${schedule}`,
      WORKLOADS,
      'batch/v1:cronjobs',
      named('x', { spec: { schedule, jobTemplate: JOBS } }),
    ),
  ),
  create('writes versions of its workloads by hand', KINDS, 'apps/v1:controllerrevisions', { ...named('x'), revision: 1, data: {} }),
  create('keeps templates of pods', KINDS, 'podtemplates', named('x', { template: { spec: podSpec() } })),
  create('floods events of the newer kind', KINDS, 'events.k8s.io/v1:events', {
    ...named('x'),
    eventTime: '2030-01-01T00:00:00.000000Z',
    action: 'x',
    reason: 'x',
    type: 'Normal',
    reportingController: 'x.y/z',
    reportingInstance: 'x',
    regarding: { kind: 'Pod', namespace: 'SLICE', name: 'x' },
  }),
];

const crowd = (n: number): object => Object.fromEntries(Array.from({ length: n }, (_, i) => [`a${i}`, '']));
const owners = Array.from({ length: 51 }, (_, i) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'plain', uid: `u${i}` }));

/** What an object has at most that is noted to end. */
const LARGEST = 262_144;
const owned = { apiVersion: 'v1', kind: 'ConfigMap', name: 'plain', uid: 'u'.repeat(LARGEST) };
const managers = (n: number): readonly object[] =>
  Array.from({ length: n }, (_, i) => ({
    manager: `m${i}`,
    operation: 'Apply',
    apiVersion: 'v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:metadata': { 'f:labels': { [`f:l${i}`]: {} } } },
  }));
const placed = (terms: number): object => {
  const nodeSelectorTerms = Array.from({ length: terms }, () => ({}));
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
  return { metadata: { labels: { a: 'b' } }, spec: { ...podSpec(), affinity } };
};

/** On the time of the API server, of which each key costs some in each policy. */
export const onTime: readonly Attack[] = [
  create('writes more labels than anybody reads', METADATA, 'configmaps', { metadata: { name: 'x', labels: crowd(101) } }),
  create('writes twenty thousand annotations', METADATA, 'services', {
    metadata: { name: 'x', annotations: crowd(20_000) },
    spec: { ports: [{ port: 80 }] },
  }),
  create('writes twenty thousand labels on pods', METADATA, 'apps/v1:deployments', workload({}, { labels: { a: 'b', ...crowd(20_000) } })),
  change('writes twenty thousand annotations later', METADATA, 'configmaps/plain', { metadata: { annotations: crowd(20_000) } }),
  create('leaves no room for the note of its end', METADATA, 'pods', podWith({ container: { args: ['x'.repeat(LARGEST)] } })),
  create('leaves no room, in letters of four bytes', METADATA, 'pods', podWith({ container: { args: ['😀'.repeat(LARGEST / 4)] } })),
  create('leaves no room, by an owner that nobody can find', METADATA, 'pods', podWith({ metadata: { ownerReferences: [owned] } })),
  {
    ...change('has a kubelet repeat itself, by an image', 'keystone-slice-pods', 'pods/plain', {
      spec: { containers: [{ name: 'app', image: 'x'.repeat(2_000) }] },
    }),
    contentType: 'application/strategic-merge-patch+json',
  },
  create('has more managers than anybody has', METADATA, 'persistentvolumeclaims', claim({}, { managedFields: managers(16_000) })),
  create('fills the memory of a node with empty files', SECRETS, 'secrets', { metadata: { name: 'x' }, stringData: crowd(129) }),
  create('fills the memory of a node with empty files of two kinds', SECRETS, 'configmaps', {
    metadata: { name: 'x' },
    data: crowd(100),
    binaryData: Object.fromEntries(Object.keys(crowd(29)).map((key) => [`b${key}`, ''])),
  }),
  create('has pods made that want nothing of a node, many times', WORKLOADS, 'apps/v1:statefulsets', workload({ template: placed(51) })),
  create('has more owners than anybody has', METADATA, 'configmaps', { metadata: { name: 'x', ownerReferences: owners } }),
];

/** By server-side apply. */
const apply = (name: string, by: string, path: string, body: object): Attack => ({
  ...change(name, by, `${path}?fieldManager=guest&force=true`, body),
  contentType: 'application/apply-patch+yaml',
});
const applied = (apiVersion: string, kind: string, name: string, more: object): object => ({ apiVersion, kind, ...named(name), ...more });
const json = (name: string, by: string, path: string, body: readonly object[]): Attack => ({
  ...change(name, by, path, body),
  contentType: 'application/json-patch+json',
});

/** What is refused above, tried by other verbs, parts and spellings. */
export const onDetours: readonly Attack[] = [
  apply('applies a quota of its own', LIMITS, 'resourcequotas/mine', applied('v1', 'ResourceQuota', 'mine', { spec: { hard: {} } })),
  apply(
    'applies the status of the quota',
    LIMITS,
    'resourcequotas/grant/status',
    applied('v1', 'ResourceQuota', 'grant', { status: { hard: { pods: '9' } } }),
  ),
  apply(
    'applies the status of a Service',
    KINDS,
    'services/plain/status',
    applied('v1', 'Service', 'plain', { metadata: { name: 'plain', annotations: { a: 'b' } }, status: { loadBalancer: {} } }),
  ),
  apply('applies the status of a pod', KINDS, 'pods/plain/status', applied('v1', 'Pod', 'plain', { status: { podIP: '192.0.2.1' } })),
  apply(
    'applies an address to a Service',
    'keystone-slice-services',
    'services/plain',
    applied('v1', 'Service', 'plain', { spec: { externalIPs: ['192.0.2.1'] } }),
  ),
  apply('applies a pod on a node', 'keystone-slice-pods', 'pods/x', {
    apiVersion: 'v1',
    kind: 'Pod',
    ...podWith({ spec: { nodeName: 'node-1' } }, 'x'),
  }),
  apply(
    'applies many replicas by scale',
    WORKLOADS,
    'apps/v1:deployments/plain/scale',
    applied('autoscaling/v1', 'Scale', 'plain', { spec: { replicas: MANY } }),
  ),
  apply(
    'applies a label of ours to an object',
    METADATA,
    'configmaps/plain',
    applied('v1', 'ConfigMap', 'plain', { metadata: { name: 'plain', labels: { 'keystone.io/x': 'y' } } }),
  ),
  json('puts an address on a Service by a patch of another kind', 'keystone-slice-services', 'services/plain', [
    { op: 'add', path: '/spec/externalIPs', value: ['192.0.2.1'] },
  ]),
  json('holds a Service by a patch of another kind', METADATA, 'services/plain', [
    { op: 'add', path: '/metadata/finalizers', value: ['example.com/never'] },
  ]),
  create('makes a pod on a node under a name that is made up later', 'keystone-slice-pods', 'pods', {
    ...podWith({ metadata: { name: undefined, generateName: 'x-' }, spec: { nodeName: 'node-1' } }),
  }),
  create('makes a claim under a name that is made up later', 'keystone-slice-claims', 'persistentvolumeclaims', {
    ...claim({ storageClassName: 'precious' }, { name: undefined, generateName: 'x-' }),
  }),
  {
    ...change('lets a pod grow beyond what is lent', 'quota', 'pods/plain/resize', {
      spec: { containers: [{ name: 'app', resources: { requests: { cpu: '5' }, limits: { cpu: '5' } } }] },
    }),
    contentType: 'application/strategic-merge-patch+json',
  },
  {
    ...change('frees a pod of its limits by a limit of 0', 'keystone-slice-pods', 'pods/bursts/resize', {
      spec: { containers: [{ name: 'app', resources: { requests: { cpu: '0' }, limits: { cpu: '0' } } }] },
    }),
    contentType: 'application/strategic-merge-patch+json',
  },
  create('takes a token for somebody else', KINDS, 'serviceaccounts/default/token', { spec: { audiences: ['vault'] } }),
];
