/** Attacks on what limits a slice. */
import { change, create, labelled, LIMITS, named, patch, remove, type Attack } from './grant.attack.ts';

const NETWORK = 'networking.k8s.io/v1:networkpolicies';
const RBAC = 'rbac.authorization.k8s.io/v1:';
const OPEN = { spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] } };
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' };
const subjects = [{ kind: 'User', name: 'mallory', apiGroup: 'rbac.authorization.k8s.io' }];

/** On the limits of the slice. */
export const onLimits: readonly Attack[] = [
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
  {
    ...create('elsewhere, has us see a policy as ours', 'keystone-marks', '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', {
      ...labelled('x', { 'keystone.io/owner-uid': 'x' }),
      spec: { podSelector: {} },
    }),
    who: 'owner',
  },
  {
    ...create('elsewhere, has us see a quota as ours', 'keystone-marks', '/api/v1/namespaces/default/resourcequotas', {
      ...labelled('x', { 'keystone.io/controller': 'grant' }),
      spec: { hard: { pods: '1' } },
    }),
    who: 'owner',
  },
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
  { ...create('as a workload, makes a lookalike of our policy', LIMITS, NETWORK, named('grant-open', OPEN)), who: 'workload' },
  { ...remove('as a workload, deletes our network policy', LIMITS, `${NETWORK}/grant-default-deny`), who: 'workload' },
];

const NAMESPACE = 'keystone-slice-namespace';
const SELF = '/api/v1/namespaces/SLICE';

/** On the namespace itself. */
export const onNamespace: readonly Attack[] = [
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
