/** What must go on working in a slice, and where the operator may and may not write. */
import { decent, podSpec, podWith } from './grant.hostile-pods.ts';
import type { Act } from './grant.slice.ts';

const meta = (name: string): object => ({ metadata: { name } });
const selector = { matchLabels: { app: 'web' } };
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec() };
const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
/** For how long a pod stays on a node that is lost. */
const lost = (taint: string, tolerationSeconds: number): object => ({
  key: `node.kubernetes.io/${taint}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds,
});

/** What guests do, by name, place and body. */
export const DECENT: readonly (readonly [string, string, object])[] = [
  [
    'run a pod with the GPU that is lent',
    'pods',
    podWith(
      {
        container: { resources: { limits: { 'example.com/gpu': '1' } } },
        spec: { tolerations: [{ key: 'example.com/gpu', operator: 'Exists' }] },
      },
      'gpu',
    ),
  ],
  ['run a sidecar, and a minute to end', 'pods', podWith({ spec: { terminationGracePeriodSeconds: 60 } }, 'minute')],
  [
    'leave a lost node at once, or in five minutes',
    'pods',
    podWith({ spec: { tolerations: [lost('not-ready', 0), lost('unreachable', 300)] } }, 'lost'),
  ],
  [
    'spread their pods, and note on them what they like',
    'pods',
    podWith(
      {
        metadata: { annotations: { 'example.com/x': 'y', 'prometheus.io/scrape': 'true', 'kubectl.kubernetes.io/restartedAt': 'z' } },
        spec: {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: 'kubernetes.io/hostname', labelSelector: selector, namespaces: ['SLICE'] },
                { topologyKey: 'kubernetes.io/hostname', labelSelector: selector },
              ],
            },
          },
        },
      },
      'spread',
    ),
  ],
  ['have a thousand replicas', 'apps/v1:statefulsets', { ...meta('db'), spec: { serviceName: 'db', replicas: 1000, selector, template } }],
  ['offer a Service without an address', 'services', { ...meta('none'), spec: { clusterIP: 'None', ports: [{ port: 80 }] } }],
  ['claim storage of a lent class', 'persistentvolumeclaims', { ...meta('fast'), spec: { ...spec, storageClassName: 'fast' } }],
  [
    'note on a claim that it stays',
    'persistentvolumeclaims',
    {
      metadata: { name: 'noted', labels: { 'example.com/team': 'x' }, annotations: { 'helm.sh/resource-policy': 'keep' } },
      spec: { ...spec, storageClassName: 'fast' },
    },
  ],
  ['offer a Service', 'services', { ...meta('web'), spec: { selector: selector.matchLabels, ports: [{ port: 80 }] } }],
  ['keep configuration', 'configmaps', { ...meta('conf'), data: { a: 'b' } }],
  ['keep a Secret', 'secrets', { ...meta('secret'), stringData: { a: 'b' } }],
  ['have ServiceAccounts', 'serviceaccounts', meta('robot')],
  [
    'run a StatefulSet',
    'apps/v1:statefulsets',
    {
      ...meta('db'),
      spec: {
        serviceName: 'db',
        replicas: 0,
        selector,
        template,
        volumeClaimTemplates: [{ ...meta('d'), spec: { ...spec, storageClassName: 'slow' } }],
      },
    },
  ],
  ['run a Job', 'batch/v1:jobs', { ...meta('job'), spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } }],
  [
    'run a CronJob',
    'batch/v1:cronjobs',
    {
      ...meta('cron'),
      spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } } },
    },
  ],
  [
    'scale by load',
    'autoscaling/v2:horizontalpodautoscalers',
    { ...meta('hpa'), spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } },
  ],
  ['limit disruption', 'policy/v1:poddisruptionbudgets', { ...meta('pdb'), spec: { maxUnavailable: 1, selector } }],
  ['limit disruption to a part', 'policy/v1:poddisruptionbudgets', { ...meta('pdb'), spec: { maxUnavailable: '10%', selector } }],
  ['keep ten versions', 'apps/v1:deployments', { ...meta('ten'), spec: { revisionHistoryLimit: 10, selector, template } }],
  [
    'tie an object to a pod of theirs',
    'configmaps',
    {
      metadata: {
        name: 'tied',
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'plain', uid: 'x', blockOwnerDeletion: true }],
      },
    },
  ],
];

const evict = (deleteOptions?: object): Act => ({
  method: 'POST',
  path: 'pods/runs/eviction',
  body: { metadata: { name: 'runs' }, deleteOptions },
});
/** How guests end pods, of which one runs on a node. */
export const DECENT_ENDS: readonly (readonly [string, Act])[] = [
  ['deletes it', { method: 'DELETE', path: 'pods/runs' }],
  ['deletes it in a second', { method: 'DELETE', path: 'pods/runs?gracePeriodSeconds=1' }],
  ['deletes it in five minutes', { method: 'DELETE', path: 'pods/runs?gracePeriodSeconds=300' }],
  ['deletes all pods', { method: 'DELETE', path: 'pods' }],
  ['removes one that no node has yet', { method: 'DELETE', path: 'pods/plain?gracePeriodSeconds=0' }],
  ['evicts it', evict()],
  ['evicts it in a minute', evict({ gracePeriodSeconds: 60 })],
];

const exists = (effect: string, ...taints: readonly string[]): readonly object[] =>
  taints.map((taint) => ({ key: `node.kubernetes.io/${taint}`, operator: 'Exists', effect }));
/** What makes a pod of a DaemonSet different, as its controller makes it. */
export const DAEMON = {
  metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'x', uid: 'x', controller: true }] },
  spec: {
    tolerations: [
      ...exists('NoExecute', 'not-ready', 'unreachable'),
      ...exists('NoSchedule', 'disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'),
    ],
  },
};

/** A pod whose judgement costs as much as one can: the expressions have a budget. */
export const LARGE = podWith(
  {
    metadata: { annotations: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`example.com/annotation-${i}`, 'x'.repeat(100)])) },
    spec: {
      containers: Array.from({ length: 200 }, (_, i) => {
        const probe = { tcpSocket: { port: 80 } };
        const resources = { requests: { cpu: '1m', memory: '1Mi', 'ephemeral-storage': '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } };
        return decent({ name: `c${i}`, livenessProbe: probe, readinessProbe: probe, startupProbe: probe, resources });
      }),
      volumes: Array.from({ length: 200 }, (_, i) => ({ name: `v${i}`, emptyDir: {} })),
      tolerations: Array.from({ length: 100 }, (_, i) => lost('unreachable', i)),
    },
  },
  'large',
);

/** A Deployment of one pod. */
export const WEB = { ...meta('web'), spec: { replicas: 1, selector, template } };

/** A Job of one pod. */
export const JOB = { ...meta('job'), spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } };

const elsewhere = '/api/v1/namespaces/default';
/** What the operator must not do, and the policy that keeps it from it. */
export const FORBIDDEN: readonly (readonly [string, string, Act])[] = [
  [
    'from a ConfigMap elsewhere',
    'keystone-operator-outside',
    { method: 'POST', path: `${elsewhere}/configmaps`, body: { metadata: { name: 'x' } } },
  ],
  [
    'from a Secret elsewhere',
    'keystone-operator-outside',
    { method: 'POST', path: `${elsewhere}/secrets`, body: { metadata: { name: 'x' } } },
  ],
  ['from a pod elsewhere', 'keystone-operator-outside', { method: 'POST', path: `${elsewhere}/pods`, body: podWith() }],
  [
    'from a quota elsewhere',
    'keystone-operator-outside',
    { method: 'POST', path: `${elsewhere}/resourcequotas`, body: { metadata: { name: 'x' } } },
  ],
  ['from a token elsewhere', 'keystone-operator-outside', { method: 'POST', path: `${elsewhere}/serviceaccounts/default/token`, body: {} }],
  [
    'from changing what is elsewhere',
    'keystone-operator-outside',
    { method: 'PATCH', path: `${elsewhere}/configmaps/kube-root-ca.crt`, body: { data: { a: 'b' } } },
  ],
  ['from deleting what is elsewhere', 'keystone-operator-outside', { method: 'DELETE', path: `${elsewhere}/services/kubernetes` }],
  [
    'from permissions in kube-system',
    'keystone-operator-outside',
    { method: 'POST', path: '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles', body: { metadata: { name: 'x' } } },
  ],
  [
    'from network policies elsewhere',
    'keystone-operator-outside',
    {
      method: 'POST',
      path: '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies',
      body: { metadata: { name: 'x' }, spec: { podSelector: {} } },
    },
  ],
  [
    'from a namespace without the label',
    'keystone-operator-namespaces',
    { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'x' } } },
  ],
  [
    'from changing a namespace of others',
    'keystone-operator-namespaces',
    { method: 'PATCH', path: elsewhere, body: { metadata: { labels: { a: 'b' } } } },
  ],
  [
    'from adopting a namespace of others',
    'keystone-operator-namespaces',
    { method: 'PATCH', path: elsewhere, body: { metadata: { labels: { 'keystone.io/slice': 'x' } } } },
  ],
  [
    'from letting a slice go by its label',
    'keystone-operator-namespaces',
    { method: 'PATCH', path: '/api/v1/namespaces/SLICE', body: { metadata: { labels: { 'keystone.io/slice': null } } } },
  ],
  ['from deleting a namespace of others', 'keystone-operator-namespaces', { method: 'DELETE', path: '/api/v1/namespaces/kube-node-lease' }],
];
/** A volume of others, which the operator keeps, but does not rule. */
export const VOLUME = {
  metadata: { name: 'volume-SLICE', labels: { a: 'b' }, annotations: { a: 'b' } },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Delete',
    hostPath: { path: '/tmp/x' },
    storageClassName: 'fast',
  },
};
/** A Grant of others, which the operator holds, but does not rule. */
export const HELD = {
  apiVersion: 'keystone.io/v1alpha1',
  kind: 'Grant',
  metadata: { name: 'SLICE' },
  spec: { grantorRealm: 'alice-home', granteeRealm: 'bob-home' },
};
const volumes = '/api/v1/persistentvolumes';
const volume = `${volumes}/${VOLUME.metadata.name}`;
const grants = '/apis/keystone.io/v1alpha1/namespaces/default/grants';
const retained = { labels: { 'keystone.io/retained-from': 'x' }, annotations: { 'keystone.io/retained-until': 'y' } };
const onVolume = (name: string, body: object): readonly [string, string, Act] => [
  name,
  'keystone-operator-volumes',
  { method: 'PATCH', path: volume, body },
];
const onGrant = (name: string, body: object): readonly [string, string, Act] => [
  name,
  'keystone-operator-grants',
  { method: 'PATCH', path: `${grants}/SLICE`, body },
];
/** The same of what has no namespace, and of the Grants themselves. */
export const FORBIDDEN_BEYOND: readonly (readonly [string, string, Act])[] = [
  ['from making volumes', 'keystone-operator-volumes', { method: 'POST', path: volumes, body: { ...VOLUME, metadata: { name: 'x' } } }],
  ['from deleting volumes', 'keystone-operator-volumes', { method: 'DELETE', path: volume }],
  ['from deleting all volumes', 'keystone-operator-volumes', { method: 'DELETE', path: volumes }],
  [
    'from the status of a volume',
    'keystone-operator-volumes',
    { method: 'PATCH', path: `${volume}/status`, body: { metadata: { annotations: { b: 'c' } } } },
  ],
  onVolume('from deleting data with its claim', { spec: { persistentVolumeReclaimPolicy: 'Recycle' } }),
  onVolume('from binding a volume', { spec: { claimRef: { namespace: 'default', name: 'x' } } }),
  onVolume('from saying how large a volume is', { spec: { capacity: { storage: '2Gi' } } }),
  onVolume('from giving a volume another class', { spec: { storageClassName: 'slow' } }),
  onVolume('from other labels of a volume', { metadata: { labels: { ...retained.labels, b: 'c' } } }),
  onVolume('from taking labels off a volume', { metadata: { labels: null } }),
  onVolume('from other annotations of a volume', { metadata: { annotations: { a: 'c' } } }),
  onVolume('from letting a volume go unprotected', { metadata: { finalizers: null } }),
  onVolume('from owning a volume', { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: 'x', uid: 'x' }] } }),
  ['from making Grants', 'keystone-operator-grants', { method: 'POST', path: grants, body: { ...HELD, metadata: { name: 'x' } } }],
  ['from deleting Grants', 'keystone-operator-grants', { method: 'DELETE', path: `${grants}/SLICE` }],
  onGrant('from revoking a Grant', { spec: { revoked: true } }),
  onGrant('from lending more', { spec: { hard: { 'requests.cpu': '9' } } }),
  onGrant('from labels of a Grant', { metadata: { labels: { a: 'b' } } }),
  onGrant('from annotations of a Grant', { metadata: { annotations: { a: 'b' } } }),
];
/** What the operator does with these. */
export const PERMITTED_BEYOND: readonly Act[] = [
  { method: 'PATCH', path: volume, body: { metadata: retained, spec: { persistentVolumeReclaimPolicy: 'Retain' } } },
  { method: 'PATCH', path: volume, body: { metadata: retained } },
  { method: 'PATCH', path: `${grants}/SLICE`, body: { metadata: { finalizers: ['keystone.io/grant'] } } },
  { method: 'PATCH', path: `${grants}/SLICE/status`, body: { status: { epoch: 0 } } },
];
const event = { metadata: { name: 'x' }, involvedObject: { namespace: 'default', kind: 'Pod', name: 'x' } };
/** What the operator does all day. */
export const PERMITTED: readonly Act[] = [
  { method: 'POST', path: '/api/v1/namespaces/keystone-system/secrets', body: { metadata: { name: 'x' } } },
  { method: 'POST', path: `${elsewhere}/events`, body: event },
  { method: 'PATCH', path: 'resourcequotas/grant', body: { spec: { hard: { pods: '9' } } } },
  { method: 'PATCH', path: '/api/v1/namespaces/SLICE', body: { metadata: { annotations: { a: 'b' } } } },
];
