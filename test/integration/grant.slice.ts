/** A slice made by hand, as the Grant controller makes it, and people who do things in it. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Agent, request } from 'undici';
import {
  ALLOWED_RESOURCES,
  ALLOWED_STORAGE_CLASSES,
  CONTROLLER_LABEL,
  GRANT_CONTROLLER,
  SLICE_LABEL,
} from '../../api/keystone/v1alpha1/grant.policies.ts';
import type { Answer } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { controlPlane } from '../env/hooks.ts';
import { installOperator, must, OPERATOR_NAMESPACE } from '../env/operator.ts';

/** One request. */
export interface Act {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'GET';
  /** From the root, or from the slice if it does not begin with a slash. */
  readonly path: string;
  readonly body?: unknown;
}

/** Somebody, by the headers that say so. */
export type Person = Readonly<Record<string, string | string[]>>;

/** A slice and those who come near it. */
export interface Slice {
  readonly name: string;
  /** May do everything in the slice, as far as RBAC is concerned. */
  readonly guest: Person;
  /** A workload of the guest. */
  readonly workload: Person;
  /** The operator's own token; RBAC lets it do everything everywhere. */
  readonly operator: Person;
  readonly does: (who: Person, act: Act, dryRun?: boolean) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

/** Administrator of the cluster, as in the kubeconfig. */
export const OWNER: Person = {};
/** A node's kubelet. */
export const KUBELET: Person = { 'impersonate-user': 'system:node:node-1', 'impersonate-group': ['system:nodes', 'system:masters'] };
/** A controller of Kubernetes. */
export const CONTROLLER: Person = {
  'impersonate-user': 'system:serviceaccount:kube-system:some-controller',
  'impersonate-group': ['system:serviceaccounts:kube-system', 'system:masters'],
};
/** A workload of another slice that was let into this one. */
export const NEIGHBOUR: Person = {
  'impersonate-user': 'system:serviceaccount:grant-neighbour:default',
  'impersonate-group': ['system:serviceaccounts:grant-neighbour', 'system:masters'],
};
/** The administrator in an emergency. */
export const BREAKING_GLASS: Person = { 'impersonate-user': 'owner', 'impersonate-group': ['system:masters', 'keystone:break-glass'] };

const OURS = { [CONTROLLER_LABEL]: GRANT_CONTROLLER };
/** What Pod Security refuses in the oldest Kubernetes that we serve; the newer refuse more. */
const OLDEST = 'v1.33';
const EVERYTHING = 'test-everything';

/** Installs the policies and makes a slice; waits until the policies hold. */
export async function makeSlice(): Promise<Slice> {
  const plane = controlPlane();
  (await installOperator(plane)).remove();
  // Over HTTP/2, undici would make one group of several.
  const dispatcher = new Agent({ allowH2: false, connect: { ca: plane.ca, cert: plane.cert, key: plane.key } });
  // With a client certificate, the token would not be looked at.
  const strangers = new Agent({ connect: { ca: plane.ca } });
  const name = `grant-test-${randomUUID().slice(0, 8)}`;
  const does = async (who: Person, { method, path, body }: Act, dryRun = false): Promise<Answer> => {
    const url = new URL(path.startsWith('/') ? path : inSlice(name, path), plane.server);
    if (dryRun) url.searchParams.set('dryRun', 'All');
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await request(url, {
      method,
      dispatcher: 'authorization' in who ? strangers : dispatcher,
      headers: { 'content-type': contentType, ...who },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  };
  const token = (await must(plane, ['create', 'token', 'keystone-operator', '-n', OPERATOR_NAMESPACE])).trim();
  const slice: Slice = {
    name,
    guest: { 'impersonate-user': 'guest' },
    workload: { 'impersonate-user': `system:serviceaccount:${name}:default` },
    operator: { authorization: `Bearer ${token}` },
    does,
    close: async () => {
      await Promise.all([dispatcher.destroy(), strangers.destroy()]);
    },
  };
  await permit(slice);
  await fill(slice);
  await untilHeld(slice);
  return slice;
}

const inSlice = (name: string, path: string): string => {
  const [group = '', rest = ''] = path.includes(':') ? path.split(':') : ['', path];
  return group === '' ? `/api/v1/namespaces/${name}/${rest}` : `/apis/${group}/namespaces/${name}/${rest}`;
};

async function made(answer: Promise<Answer>): Promise<void> {
  const { status, body } = await answer;
  expect([200, 201, 409], JSON.stringify(body)).to.include(status);
}

/** So much that nothing but a policy is in the way. */
async function permit({ name, operator, does }: Slice): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: EVERYTHING };
  await made(does(OWNER, { method: 'POST', path: `${rbac}/clusterroles`, body: { metadata: { name: EVERYTHING }, rules } }));
  const toOperator = {
    metadata: { name: EVERYTHING },
    roleRef,
    subjects: [{ kind: 'ServiceAccount', name: 'keystone-operator', namespace: OPERATOR_NAMESPACE }],
  };
  await made(does(OWNER, { method: 'POST', path: `${rbac}/clusterrolebindings`, body: toOperator }));
  const metadata = {
    name,
    labels: {
      [SLICE_LABEL]: randomUUID(),
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': OLDEST,
      ...OURS,
    },
    annotations: { [ALLOWED_RESOURCES]: 'cpu,memory,ephemeral-storage,example.com/gpu', [ALLOWED_STORAGE_CLASSES]: 'fast,slow' },
  };
  await eventually(() => made(does(operator, { method: 'POST', path: '/api/v1/namespaces', body: { metadata } })));
  const subjects = [
    { kind: 'User', name: 'guest' },
    { kind: 'ServiceAccount', name: 'default', namespace: name },
  ];
  for (const role of ['admin', EVERYTHING]) {
    const body = { metadata: { name: `grant-${role}`, labels: OURS }, roleRef: { ...roleRef, name: role }, subjects };
    // The right to do so was given a moment ago.
    await eventually(() => made(does(operator, { method: 'POST', path: 'rbac.authorization.k8s.io/v1:rolebindings', body })));
  }
}

/** What limits the slice, and something for each to attack. */
async function fill({ name, operator, guest, does }: Slice): Promise<void> {
  const metadata = { name: 'grant', labels: OURS };
  const hard = {
    pods: '8',
    services: '5',
    configmaps: '20',
    'services.loadbalancers': '0',
    'services.nodeports': '0',
    'requests.cpu': '4',
    'limits.cpu': '4',
    'requests.memory': '4Gi',
    'limits.memory': '4Gi',
    'requests.example.com/gpu': '1',
    'requests.storage': '10Gi',
    'count/jobs.batch': '5',
  };
  const unsaid = { cpu: '100m', memory: '64Mi', 'ephemeral-storage': '64Mi' };
  const limits = [{ type: 'Container', default: unsaid, defaultRequest: unsaid }];
  await made(does(operator, { method: 'POST', path: 'resourcequotas', body: { metadata, spec: { hard } } }));
  await made(does(operator, { method: 'POST', path: 'limitranges', body: { metadata, spec: { limits } } }));
  const closed = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };
  const policy = { metadata: { ...metadata, name: 'grant-default-deny' }, spec: closed };
  await made(does(operator, { method: 'POST', path: 'networking.k8s.io/v1:networkpolicies', body: policy }));
  await made(does(operator, { method: 'POST', path: 'configmaps', body: { metadata: { ...metadata, name: 'grant-terms' } } }));
  await eventually(async () => {
    const { body } = await does(guest, { method: 'GET', path: 'resourcequotas/grant' });
    expect(body).to.have.nested.property('status.hard.pods', '8');
    expect((await does(guest, { method: 'GET', path: 'serviceaccounts/default' })).status, name).to.equal(200);
  });
}

/** A policy takes a moment until it holds, and each its own. */
async function untilHeld({ guest, operator, does }: Slice): Promise<void> {
  const refused = async (who: Person, act: Act): Promise<void> => {
    await eventually(async () => expect((await does(who, act, true)).status, act.path).to.equal(403), { withinMs: 60_000 });
  };
  await refused(guest, { method: 'DELETE', path: 'configmaps/grant-terms' });
  await refused(guest, { method: 'DELETE', path: 'resourcequotas/grant' });
  await refused(operator, { method: 'POST', path: '/api/v1/namespaces/default/configmaps', body: { metadata: { name: 'x' } } });
  await refused(guest, {
    method: 'POST',
    path: 'services',
    body: { metadata: { name: 'x' }, spec: { type: 'ExternalName', externalName: 'x.y' } },
  });
}

/** What the API server says. */
export const messageOf = ({ body }: Answer): string => String((body as { message?: unknown }).message);

/** Who refused: a policy of ours by name, or what comes with Kubernetes. */
export function refuserOf(answer: Answer): string {
  const message = messageOf(answer);
  const policy = /ValidatingAdmissionPolicy '(?<name>[a-z-]+)'/.exec(message)?.groups?.['name'];
  if (policy !== undefined) return policy;
  if (message.includes('violates PodSecurity')) return 'PodSecurity';
  return message.includes('exceeded quota') ? 'quota' : `${answer.status} ${message}`;
}
