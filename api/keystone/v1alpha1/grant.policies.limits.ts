import type { AdmissionPolicy } from '../../meta/policy.ts';
import { ANY_WRITE, BOTH, NAMESPACES, RECORDS, sameBut } from './grant.policies.own.ts';
import {
  changes,
  CONTROLLER_LABEL,
  GRANT_CONTROLLER,
  IN_SLICES,
  isOurKey,
  labelOf,
  match,
  matchAll,
  SERVES_CLUSTER,
  SLICE_LABEL,
  text,
  texts,
  TRUSTED,
} from './grant.slice.ts';

/** One that lost the first label still counts by the second, by which the operator finds what it made: nobody else sets either. */
const isMarked = (namespace: string): string =>
  `(${text(SLICE_LABEL)} in ${namespace}.metadata.?labels.orValue({}) || ${labelOf(namespace, CONTROLLER_LABEL)} == ${text(GRANT_CONTROLLER)})`;

const MARK = `${CONTROLLER_LABEL}=${GRANT_CONTROLLER}`;

/** What limits a slice: the resources by group, and what to do instead of touching them. */
const LIMITS: Readonly<Record<string, { readonly resources: readonly string[]; readonly instead: string }>> = {
  '': { resources: ['resourcequotas', 'limitranges'], instead: 'change spec.hard of the Grant instead' },
  'networking.k8s.io': { resources: ['networkpolicies'], instead: 'change spec.networkPolicy of the Grant instead' },
  'rbac.authorization.k8s.io': { resources: ['roles', 'rolebindings'], instead: 'who may do what here comes with the Grant' },
  // Network plugins have policies of their own, and what one of them opens no other closes.
  'cilium.io': {
    resources: ['ciliumnetworkpolicies', 'ciliumlocalredirectpolicies', 'ciliumenvoyconfigs', 'ciliumegressgatewaypolicies'],
    instead: 'change spec.networkPolicy of the Grant instead',
  },
  'crd.projectcalico.org': { resources: ['networkpolicies', 'networksets'], instead: 'change spec.networkPolicy of the Grant instead' },
  'projectcalico.org': { resources: ['networkpolicies', 'networksets'], instead: 'change spec.networkPolicy of the Grant instead' },
  'crd.antrea.io': { resources: ['networkpolicies'], instead: 'change spec.networkPolicy of the Grant instead' },
};

/** CEL: the request is about something that limits the slice. */
export const IS_LIMIT = `request.resource.resource in {${Object.entries(LIMITS)
  .map(([group, { resources }]) => `${text(group)}: ${texts(resources)}`)
  .join(', ')}}[?request.resource.group].orValue([])`;

/** CEL, over BOTH: what serves the cluster notes something of its own on a namespace, and says nothing in our name. */
const isNote = `(${SERVES_CLUSTER}) && request.?subResource.orValue("") == "" && variables.after.?spec == variables.before.?spec && ${sameBut('.?metadata', ['annotations', ...RECORDS])} && !(${changes('variables.after.?metadata.?annotations.orValue({})', 'variables.before.?metadata.?annotations.orValue({})', isOurKey)})`;

/** What a Grant made is changed by its Grant only. */
export const limitPolicies: readonly AdmissionPolicy[] = [
  {
    name: 'keystone-slice-namespace',
    description: 'Keeps the namespace of a Grant as its Grant made it: what stands on it limits all that is in it.',
    action: 'Deny',
    match: NAMESPACES,
    when: {
      slice: `(request.operation != "DELETE" && ${isMarked('object')}) || (request.operation != "CREATE" && ${isMarked('oldObject')})`,
      stranger: `!(${TRUSTED})`,
    },
    variables: BOTH,
    validations: [
      {
        expression: 'request.operation != "CREATE"',
        message: `only a Grant makes a namespace with the labels ${SLICE_LABEL} or ${MARK}: create a Grant, or leave them out`,
        reason: 'Forbidden',
      },
      {
        expression: `request.operation != "UPDATE" || (${isNote})`,
        message: `only its Grant changes a namespace with the labels ${SLICE_LABEL} or ${MARK}, and only a Grant makes one: change the Grant instead`,
        reason: 'Forbidden',
      },
      {
        expression: 'request.operation != "DELETE"',
        message: 'this namespace ends with its Grant, which keeps the data in it: revoke or delete the Grant instead',
        reason: 'Forbidden',
      },
    ],
  },
  {
    name: 'keystone-slice-limits',
    description: 'Leaves quotas, network policies and permissions in the namespace of a Grant to that Grant.',
    action: 'Deny',
    match: Object.entries(LIMITS).map(([group, { resources }]) =>
      match(
        group,
        resources.flatMap((resource) => [resource, `${resource}/*`]),
        ANY_WRITE,
      ),
    ),
    namespaces: IN_SLICES,
    when: { stranger: `!(${TRUSTED})` },
    validations: [
      {
        expression: 'false',
        message: 'the limits of this namespace are made by its Grant only: change the Grant instead',
        messageExpression: `"the " + request.resource.resource + " of this namespace are made by its Grant only: " + {${Object.entries(
          LIMITS,
        )
          .map(([group, { instead }]) => `${text(group)}: ${text(instead)}`)
          .join(', ')}}[request.resource.group]`,
        reason: 'Forbidden',
      },
    ],
  },
  {
    name: 'keystone-slice-objects',
    description: 'Keeps whatever else a Grant made in its namespace as it is.',
    action: 'Deny',
    match: matchAll(['UPDATE', 'DELETE']),
    namespaces: IN_SLICES,
    labels: { [CONTROLLER_LABEL]: GRANT_CONTROLLER },
    when: { stranger: `!(${TRUSTED})`, other: `!(${IS_LIMIT})` },
    validations: [
      {
        expression: 'false',
        message: 'this object is made and removed by the Grant of this namespace only: change the Grant instead',
        reason: 'Forbidden',
      },
    ],
  },
];
