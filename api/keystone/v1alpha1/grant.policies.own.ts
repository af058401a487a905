import type { AdmissionPolicy, PolicyMatch } from '../../meta/policy.ts';
import { RETAINED_FROM, RETAINED_UNTIL } from './grant.retention.ts';
import {
  changes,
  CONTROLLER_LABEL,
  labelOf,
  match,
  matchAll,
  OPERATOR,
  OPERATOR_HOME,
  OWNER_UID_LABEL,
  SLICE_LABEL,
  text,
  texts,
  TRUSTED,
  wasSlice,
} from './grant.slice.ts';

/** Every verb that changes something. */
export const ANY_WRITE: PolicyMatch['operations'] = ['CREATE', 'UPDATE', 'DELETE'];
/** Namespaces, with their status and finalizers. */
export const NAMESPACES: readonly PolicyMatch[] = [
  { apiGroups: [''], apiVersions: ['*'], resources: ['namespaces', 'namespaces/*'], operations: ANY_WRITE, scope: 'Cluster' },
];
const sliceOf = (namespace: string): string => labelOf(namespace, SLICE_LABEL);
/** Its label stays, or is set back to what it was when it was made. */
const keepsSlice = `((${sliceOf('oldObject')} != "" && ${sliceOf('object')} == ${sliceOf('oldObject')}) || (${wasSlice('oldObject')} && ${sliceOf('object')} == ${labelOf('oldObject', OWNER_UID_LABEL)}))`;

/** What every update changes by itself. */
export const RECORDS = ['managedFields', 'resourceVersion', 'generation'];
/** CEL, over BOTH: an update leaves a part of the object as it was, but for some of its keys. */
export const sameBut = (part: string, keys: readonly string[]): string =>
  `!(${changes(`variables.after${part}.orValue({})`, `variables.before${part}.orValue({})`, (key) => `!(${key} in ${texts(keys)})`)})`;
/** CEL: an update does not take a key away again. */
const stays = (part: string, key: string): string =>
  `(${text(key)} in variables.after${part}.orValue({}) || !(${text(key)} in variables.before${part}.orValue({})))`;
/** The variables `before` and `after` of an update. */
export const BOTH = { before: 'dyn(oldObject)', after: 'dyn(object)' };

/** What the operator takes for its own, by its marks, wherever it is. */
const marked = [CONTROLLER_LABEL, OWNER_UID_LABEL].map((label) => `dyn(object).metadata.?labels[?${text(label)}].hasValue()`).join(' || ');

/** The operator itself, which acts for people who may only write Grants, stays in slices, and rules neither Grants nor volumes. */
export const ownPolicies: readonly AdmissionPolicy[] = [
  {
    name: 'keystone-marks',
    description: 'Keeps everybody from marking policies and limits as those of a Grant, outside of slices.',
    action: 'Deny',
    match: [match('networking.k8s.io', ['networkpolicies']), match('', ['resourcequotas', 'limitranges'])],
    namespaces: [{ key: SLICE_LABEL, operator: 'DoesNotExist' }],
    when: { stranger: `!(${TRUSTED})`, marked },
    validations: [
      {
        expression: 'false',
        message: `the labels ${CONTROLLER_LABEL} and ${OWNER_UID_LABEL} are set by the operator only: leave them out`,
        reason: 'Forbidden',
      },
    ],
  },
  {
    name: 'keystone-operator-outside',
    description: 'Keeps the operator itself out of every namespace but its own and those of Grants.',
    action: 'Deny',
    match: matchAll(ANY_WRITE),
    namespaces: [
      { key: SLICE_LABEL, operator: 'DoesNotExist' },
      { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [OPERATOR_HOME] },
    ],
    when: {
      operator: OPERATOR,
      // Its own kinds stand where people put them, and events beside what they tell of.
      foreign: '!(request.resource.group in ["keystone.io", "guildnet.io", "events.k8s.io"]) && request.resource.resource != "events"',
    },
    validations: [
      {
        expression: 'false',
        message: `the operator may write only in ${OPERATOR_HOME} and in namespaces with the label ${SLICE_LABEL}`,
        reason: 'Forbidden',
      },
    ],
  },
  {
    name: 'keystone-operator-volumes',
    description: 'Keeps the operator itself from all volumes, but for saying whose data is kept until when.',
    action: 'Deny',
    match: [
      {
        apiGroups: [''],
        apiVersions: ['*'],
        resources: ['persistentvolumes', 'persistentvolumes/*'],
        operations: ANY_WRITE,
        scope: 'Cluster',
      },
    ],
    when: { operator: OPERATOR },
    variables: BOTH,
    validations: [
      {
        expression: `request.operation == "UPDATE" && request.?subResource.orValue("") == "" && ${[
          sameBut('.?metadata', ['labels', 'annotations', ...RECORDS]),
          sameBut('.?metadata.?labels', [RETAINED_FROM]),
          sameBut('.?metadata.?annotations', [RETAINED_UNTIL]),
          stays('.?metadata.?labels', RETAINED_FROM),
          stays('.?metadata.?annotations', RETAINED_UNTIL),
          sameBut('.?spec', ['persistentVolumeReclaimPolicy']),
          '(variables.after.spec.persistentVolumeReclaimPolicy == "Retain" || variables.after.spec.persistentVolumeReclaimPolicy == variables.before.spec.persistentVolumeReclaimPolicy)',
        ].join(' && ')}`,
        message: `the operator may only keep a volume: set the label ${RETAINED_FROM}, the annotation ${RETAINED_UNTIL} and the reclaim policy Retain`,
        reason: 'Forbidden',
      },
    ],
  },
  {
    name: 'keystone-operator-grants',
    description: 'Keeps the operator itself from saying what is lent: it may hold a Grant while there is something to end.',
    action: 'Deny',
    match: [match('keystone.io', ['grants'], ANY_WRITE)],
    when: { operator: OPERATOR },
    variables: BOTH,
    validations: [
      {
        expression: `request.operation == "UPDATE" && variables.after.?spec == variables.before.?spec && ${sameBut('.?metadata', ['finalizers', ...RECORDS])}`,
        message: 'the operator may set only metadata.finalizers of a Grant, and its status: leave the rest to people',
        reason: 'Forbidden',
      },
    ],
  },
  {
    name: 'keystone-operator-namespaces',
    description: 'Keeps the operator itself from touching a namespace that neither is nor was that of a Grant.',
    action: 'Deny',
    match: NAMESPACES,
    when: { operator: OPERATOR },
    validations: [
      {
        expression: `request.operation != "CREATE" || ${sliceOf('object')} != ""`,
        message: `the operator may make only namespaces with the label ${SLICE_LABEL}`,
        reason: 'Forbidden',
      },
      {
        expression: `request.operation != "UPDATE" || ${keepsSlice}`,
        message: `the operator may change only namespaces with the label ${SLICE_LABEL}, and set that label only back to what it was`,
        reason: 'Forbidden',
      },
      {
        expression: `request.operation != "DELETE" || ${sliceOf('oldObject')} != "" || ${wasSlice('oldObject')}`,
        message: `the operator may delete only namespaces that have the label ${SLICE_LABEL}, or were made with it`,
        reason: 'Forbidden',
      },
    ],
  },
];
