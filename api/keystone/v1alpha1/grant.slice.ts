import type { AdmissionPolicy, LabelRequirement, PolicyMatch } from '../../meta/policy.ts';

/** On every grant namespace (a slice), with the Grant's uid as its value; the policies select by it. */
export const SLICE_LABEL = 'keystone.io/slice';

/** On the slice namespace: the names of resources that containers may ask for, joined by commas. */
export const ALLOWED_RESOURCES = 'keystone.io/allowed-resources';

/** On the slice namespace: the storage classes that claims may name, joined by commas. None is open that is not listed. */
export const ALLOWED_STORAGE_CLASSES = 'keystone.io/allowed-storage-classes';

/** On the slice namespace, if at all: the runtime classes that pods may name, joined by commas. */
export const ALLOWED_RUNTIME_CLASSES = 'keystone.io/allowed-runtime-classes';

/** On the slice namespace, if at all: the priority classes that pods may have, joined by commas. */
export const ALLOWED_PRIORITY_CLASSES = 'keystone.io/allowed-priority-classes';

/** On the slice namespace, if at all: prefixes or keys of labels and annotations that Services and claims may carry besides the usual ones. */
export const ALLOWED_KEYS = 'keystone.io/allowed-keys';

/** On the slice namespace, if at all: the classes of load balancers that Services may name, joined by commas. */
export const ALLOWED_LOAD_BALANCER_CLASSES = 'keystone.io/allowed-load-balancer-classes';

/** On the operator's own objects inside a slice, which nobody else may touch. */
export const CONTROLLER_LABEL = 'keystone.io/controller';

/** The value of CONTROLLER_LABEL for the objects of a Grant. */
export const GRANT_CONTROLLER = 'grant';

/** On every object of the operator: the uid of the object that it was made for. */
export const OWNER_UID_LABEL = 'keystone.io/owner-uid';

/** With this begins the name of every slice, and of no namespace in which something lives that serves the cluster. */
const SLICE_PREFIX = 'grant-';
/** The name of a slice: its prefix, its grantee and its Grant, and a hash of the uid and the epoch. */
const SLICE_NAME = `^${SLICE_PREFIX}[-a-z0-9]*-[0-9a-f]{8}$`;
const UID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

/** Who impersonates this group may touch what is ours: kubectl --as=… --as-group=keystone:break-glass. */
export const BREAK_GLASS_GROUP = 'keystone:break-glass';

/** Where the operator is at home. */
export const OPERATOR_HOME = 'keystone-system';

/** The operator as the API server knows it. */
export const OPERATOR_USER = `system:serviceaccount:${OPERATOR_HOME}:keystone-operator`;

/** CEL: the value of a label of a namespace, and "" if it has none. */
export const labelOf = (namespace: string, label: string): string => `${namespace}.metadata.?labels[?${text(label)}].orValue("")`;

/**
 * CEL: a namespace is that of a Grant, whatever became of its label: it has the name of one, and the marks of an object of ours,
 * which nobody else may set.
 */
export const wasSlice = (namespace: string): string =>
  `(${namespace}.metadata.name.matches(${text(SLICE_NAME)}) && ${labelOf(namespace, CONTROLLER_LABEL)} == ${text(GRANT_CONTROLLER)} && ${labelOf(namespace, OWNER_UID_LABEL)}.matches(${text(UID)}))`;

/** Selects what is in slices. */
export const IN_SLICES: readonly LabelRequirement[] = [{ key: SLICE_LABEL, operator: 'Exists' }];

/** A CEL string. */
export const text = (value: string): string => JSON.stringify(value);

/** A CEL list of strings. */
export const texts = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;

const inGroup = (group: string): string => `${text(group)} in request.userInfo.?groups.orValue([])`;
const isUser = (users: readonly string[]): string => `request.userInfo.username in ${texts(users)}`;

/** CEL: the request comes from Kubernetes' own components, of which a node's kubelet is none. */
const KUBERNETES = `(${isUser([
  // Quota admission counts in its name.
  'system:apiserver',
  'system:kube-controller-manager',
  'system:cloud-controller-manager',
  // As distributions call theirs that run beside the API server.
  'k3s-cloud-controller-manager',
  'rke2-cloud-controller-manager',
  'eks:cloud-controller-manager',
  'system:kube-scheduler',
])} || ${inGroup('system:serviceaccounts:kube-system')})`;

/** CEL: the request comes from the operator. */
export const OPERATOR = isUser([OPERATOR_USER]);

/** CEL: somebody says that this is an emergency. */
export const BREAK_GLASS = inGroup(BREAK_GLASS_GROUP);

/** CEL: the request comes from Kubernetes itself, from the operator, or in an emergency; everybody else is a stranger to what a Grant made. */
export const TRUSTED = `${KUBERNETES} || ${OPERATOR} || ${BREAK_GLASS}`;

/**
 * CEL: the request comes from what serves the whole cluster: also from kubelets, and from ServiceAccounts (of storage, networks,
 * metrics) that live neither in a slice, which are grantees' own whatever they may do in this one, nor beside the operator.
 */
export const SERVES_CLUSTER = `${TRUSTED} || ${inGroup('system:nodes')} || (request.userInfo.username.startsWith("system:serviceaccount:") && !request.userInfo.username.startsWith("system:serviceaccount:${SLICE_PREFIX}") && !request.userInfo.username.startsWith("system:serviceaccount:" + request.namespace + ":") && !request.userInfo.username.startsWith("system:serviceaccount:${OPERATOR_HOME}:"))`;

/** A policy's conditions: what is made is judged whoever makes it; what serves the cluster may change it later, and must be able to let go of any. */
export const FOR_GUESTS = { calm: `!(${BREAK_GLASS})`, guests: `request.operation == "CREATE" || !(${SERVES_CLUSTER})` };

/** More labels or annotations than anybody writes; each costs the API server time in each policy that looks at it, and room in etcd several times. */
export const MOST_KEYS = 100;

/** CEL: labels or annotations as far as they are judged; of an object with more, keystone-slice-metadata says so. */
export const few = (keys: string): string => `[dyn(${keys}.orValue({}))].map(m, size(m) > ${MOST_KEYS} ? dyn({}) : m)[0]`;

/** CEL: a label or an annotation by which we speak. */
export const isOurKey = (key: string): string => `(${key}.startsWith("keystone.io/") || ${key}.contains(".keystone.io/"))`;

/** CEL: the names that an annotation of the slice lists; none if it is absent, so that nothing is open by an oversight. */
export const listed = (annotation: string): string =>
  `namespaceObject.metadata.?annotations[?${text(annotation)}].orValue("").split(",").filter(name, name != "")`;

/** CEL, for a policy's variable `before`: the object as it was, and an empty one before it is made. */
export const BEFORE = 'request.operation == "UPDATE" ? dyn(oldObject) : dyn({})';

/** CEL for a fault: nothing if the condition holds, else the sentence. */
export const unless = (condition: string, sentence: string): string => `(${condition}) ? [] : [${sentence}]`;

/** CEL: whether a map gains, loses or changes a key of some kind. */
export const changes = (now: string, before: string, ofKind: (key: string) => string): string =>
  `${now}.exists(k, ${ofKind('k')} && !(k in ${before} && ${before}[k] == ${now}[k])) || ${before}.exists(k, ${ofKind('k')} && !(k in ${now}))`;

/** Looks at resources of one API group in all its versions. */
export const match = (
  group: string,
  resources: readonly string[],
  operations: PolicyMatch['operations'] = ['CREATE', 'UPDATE'],
): PolicyMatch => ({ apiGroups: [group], apiVersions: ['*'], resources, operations, scope: 'Namespaced' });

/** Looks at everything that has a namespace, and at all parts of it. */
export const matchAll = (operations: PolicyMatch['operations'] = ['CREATE', 'UPDATE']): readonly PolicyMatch[] => [
  match('*', ['*/*'], operations),
];

/** A policy that tells all that is wrong at once: `faults` are lists of sentences, and any sentence refuses. */
export function refusal({
  variables = {},
  faults,
  message,
  ...rest
}: Omit<AdmissionPolicy, 'action' | 'validations'> & {
  readonly faults: Readonly<Record<string, string>>;
  readonly message: string;
}): AdmissionPolicy {
  const all = Object.keys(faults).map((name) => `variables.${name}`);
  return {
    ...rest,
    action: 'Deny',
    variables: { ...variables, ...faults },
    validations: [
      {
        expression: all.map((list) => `size(${list}) == 0`).join(' && '),
        message,
        messageExpression: `(${all.join(' + ')}).join("; ")`,
        reason: 'Forbidden',
      },
    ],
  };
}
