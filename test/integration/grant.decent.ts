/** What must go on working in a slice, and where the operator may and may not write. */
import { decent, podSpec, podWith } from './grant.hostile-pods.ts';
import type { Act } from './grant.slice.ts';

const meta = (name: string): object => ({ metadata: { name } });
const selector = { matchLabels: { app: 'web' } };
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec() };
const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
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
  ['claim storage of a lent class', 'persistentvolumeclaims', { ...meta('fast'), spec: { ...spec, storageClassName: 'fast' } }],
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
      tolerations: Array.from({ length: 100 }, (_, i) => ({ key: `node.kubernetes.io/t${i}`, operator: 'Exists' })),
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
const event = { metadata: { name: 'x' }, involvedObject: { namespace: 'default', kind: 'Pod', name: 'x' } };
/** What the operator does all day. */
export const PERMITTED: readonly Act[] = [
  { method: 'POST', path: '/api/v1/namespaces/keystone-system/secrets', body: { metadata: { name: 'x' } } },
  { method: 'POST', path: `${elsewhere}/events`, body: event },
  { method: 'PATCH', path: 'resourcequotas/grant', body: { spec: { hard: { pods: '9' } } } },
  { method: 'PATCH', path: '/api/v1/namespaces/SLICE', body: { metadata: { annotations: { a: 'b' } } } },
];
