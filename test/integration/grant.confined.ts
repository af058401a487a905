/** Where the operator may and may not write. */
import { podWith } from './grant.hostile-pods.ts';
import type { Act } from './grant.slice.ts';

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
