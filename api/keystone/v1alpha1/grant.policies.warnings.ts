import type { AdmissionPolicy, PolicyMatch } from '../../meta/policy.ts';

const grants = (operations: PolicyMatch['operations']): readonly PolicyMatch[] => [
  { apiGroups: ['keystone.io'], apiVersions: ['v1alpha1'], resources: ['grants'], operations, scope: 'Namespaced' },
];

const inForce = 'oldObject.?status.?namespace.orValue("") != ""';
const PODS =
  '{"0": "no pod", "1": "1 pod"}[?oldObject.?status.?used[?"pods"].orValue("0")].orValue(oldObject.?status.?used[?"pods"].orValue("0") + " pods")';
const WHOSE = 'oldObject.spec.granteeRealm + " in " + oldObject.status.namespace';

/** What a given spec lends of a key that is in use: a limit follows its request, what is not named is nothing, but numbers of objects and scratch space stay. */
const LENT =
  '(k in variables.hard ? string(variables.hard[k]) : k.startsWith("limits.") && "requests." + k.substring(7) in variables.hard ? string(variables.hard["requests." + k.substring(7)]) : (k.contains("requests.") || k.startsWith("limits.")) && !k.endsWith("ephemeral-storage") ? "0" : variables.used[k])';

/** What owners are told before they end a Grant or make it smaller; also with --dry-run=server. */
export const grantWarnings: readonly AdmissionPolicy[] = [
  {
    name: 'keystone-grant-end',
    description: 'Says how many workloads end before a Grant is deleted or revoked.',
    action: 'Warn',
    match: grants(['UPDATE', 'DELETE']),
    when: {
      lent: inForce,
      ends: 'request.operation == "DELETE" ? !oldObject.spec.?revoked.orValue(false) : object.spec.?revoked.orValue(false) && !oldObject.spec.?revoked.orValue(false)',
    },
    variables: { spec: 'request.operation == "DELETE" ? dyn(oldObject.spec) : dyn(object.spec)' },
    validations: [
      {
        expression: 'false',
        message: 'this ends all workloads of the Grant',
        messageExpression: `"this ends " + ${PODS} + " of " + ${WHOSE} + "; volumes are kept for " + variables.spec.?dataRetention.orValue("168h")`,
      },
    ],
  },
  {
    name: 'keystone-grant-shrink',
    description: 'Says what happens to workloads before a Grant lends less than is used.',
    action: 'Warn',
    match: grants(['UPDATE']),
    when: { lent: inForce, given: 'has(object.spec.hard) && !object.spec.?revoked.orValue(false)' },
    variables: {
      used: 'dyn(oldObject.?status.?used.orValue({}))',
      hard: 'dyn(object.spec.hard)',
      hardBefore: 'dyn(oldObject.spec.?hard.orValue({}))',
      less: `variables.hard == variables.hardBefore ? [] : variables.used.filter(k, quantity(${LENT}).isLessThan(quantity(variables.used[k])))`,
    },
    validations: [
      {
        expression: 'size(variables.less) == 0',
        message: 'this lends less than is used: no workload ends, and none begins until less is used',
        messageExpression: `"this lends less than is used by " + ${WHOSE} + ": " + variables.less.map(k, k + " " + ${LENT} + " of " + variables.used[k]).join(", ") + "; of " + ${PODS} + " none ends, and none begins until less is used"`,
      },
    ],
  },
];
