import type { AdmissionPolicy, PolicyMatch } from '../../meta/policy.ts';
import { DEFAULT_HARD, DEVICE_CLASS_SUFFIX, STORAGE_CLASS_SUFFIXES, UNNAMED } from './grant.keys.ts';
import { text } from './grant.slice.ts';

const grants = (operations: PolicyMatch['operations']): readonly PolicyMatch[] => [
  { apiGroups: ['keystone.io'], apiVersions: ['v1alpha1'], resources: ['grants'], operations, scope: 'Namespaced' },
];

const IN_FORCE = 'oldObject.?status.?namespace.orValue("") != ""';
const KEPT = '!object.spec.?revoked.orValue(false)';
const PODS =
  '{"0": "no pod", "1": "1 pod"}[?oldObject.?status.?used[?"pods"].orValue("0")].orValue(oldObject.?status.?used[?"pods"].orValue("0") + " pods")';
const WHOSE = 'oldObject.spec.granteeRealm + " in " + oldObject.status.namespace';

const mapOf = (amounts: Readonly<Record<string, string>>): string =>
  `{${Object.entries(amounts)
    .map(([key, amount]) => `${text(key)}: ${text(amount)}`)
    .join(', ')}}`;

/** What follows from another key that is named, as `capsThatFollow` of hard.ts has it: enough, unless that is nothing. */
const FOLLOWS = { 'count/pods': 'pods', 'services.nodeports': 'services.loadbalancers' };
const following = Object.entries(FOLLOWS)
  .map(
    ([key, named]) =>
      `k == ${text(key)} && ${text(named)} in variables.hard ? (quantity(string(variables.hard[${text(named)}])).isGreaterThan(quantity("0")) ? variables.used[k] : variables.unnamed[k])`,
  )
  // The classes themselves are told.
  .concat(`k == "requests.storage" && variables.hard.exists(n, n.endsWith(${text(STORAGE_CLASS_SUFFIXES[0])})) ? variables.used[k]`)
  .join(' : ');

/** What a given spec lends of a key that is in use: a limit follows its request, some keys have defaults of their own, and what can be asked for and is not named is nothing. */
const LENT = `(k in variables.hard ? string(variables.hard[k]) : k.startsWith("limits.") && "requests." + k.substring(7) in variables.hard ? string(variables.hard["requests." + k.substring(7)]) : ${following} : k in variables.unnamed ? variables.unnamed[k] : k.contains("requests.") || k.startsWith("limits.") || k.endsWith(${text(DEVICE_CLASS_SUFFIX)}) ? "0" : variables.used[k])`;

const hardOf = (object: string): string => `(has(${object}.spec.hard) ? dyn(${object}.spec.hard) : dyn(${mapOf(DEFAULT_HARD)}))`;

const untilOf = (object: string): string => `dyn(${object}.spec).?validity.?validUntil`;
const momentOf = (object: string): string => `timestamp(string(${untilOf(object)}.value()))`;

/** What owners are told before they end a Grant or make it smaller; also with --dry-run=server. */
export const grantWarnings: readonly AdmissionPolicy[] = [
  {
    name: 'keystone-grant-end',
    description: 'Says how many workloads end before a Grant is deleted or revoked.',
    action: 'Warn',
    match: grants(['UPDATE', 'DELETE']),
    when: {
      lent: IN_FORCE,
      ends: 'request.operation == "DELETE" ? !oldObject.spec.?revoked.orValue(false) : object.spec.?revoked.orValue(false) && !oldObject.spec.?revoked.orValue(false)',
    },
    variables: { spec: 'request.operation == "DELETE" ? dyn(oldObject.spec) : dyn(object.spec)' },
    validations: [
      {
        expression: 'false',
        message: 'this ends all workloads of the Grant',
        messageExpression: `"this ends " + ${PODS} + " of " + ${WHOSE} + "; volumes are kept for " + variables.spec.dataRetention`,
      },
    ],
  },
  {
    name: 'keystone-grant-expiry',
    description: 'Says how many workloads end before a Grant gets an end, or an earlier one.',
    action: 'Warn',
    match: grants(['UPDATE']),
    when: {
      lent: IN_FORCE,
      kept: KEPT,
      sooner: `${untilOf('object')}.hasValue() && (!${untilOf('oldObject')}.hasValue() || ${momentOf('object')} < ${momentOf('oldObject')})`,
    },
    validations: [
      {
        expression: 'false',
        message: 'with this end all workloads of the Grant end',
        messageExpression: `"at " + string(${untilOf('object')}.value()) + " this ends " + ${PODS} + " of " + ${WHOSE} + "; volumes are kept for " + object.spec.dataRetention`,
      },
    ],
  },
  {
    name: 'keystone-grant-shrink',
    description: 'Says what happens to workloads before a Grant lends less than is used.',
    action: 'Warn',
    match: grants(['UPDATE']),
    when: { lent: IN_FORCE, kept: KEPT },
    variables: {
      used: 'dyn(oldObject.?status.?used.orValue({}))',
      unnamed: mapOf(UNNAMED),
      hard: hardOf('object'),
      hardBefore: hardOf('oldObject'),
      less: `variables.hard == variables.hardBefore ? [] : variables.used.filter(k, quantity(${LENT}).isLessThan(quantity(variables.used[k])))`,
    },
    validations: [
      {
        expression: 'size(variables.less) == 0',
        message: 'this lends less than is used: no workload ends, and nothing that needs more of it begins until less is used',
        messageExpression: `"this lends less than is used by " + ${WHOSE} + ": " + variables.less.map(k, k + " " + ${LENT} + " of " + variables.used[k]).join(", ") + "; of " + ${PODS} + " none ends, and nothing that needs more of these begins until less is used"`,
      },
    ],
  },
];
