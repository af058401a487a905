import type { AdmissionPolicy } from '../../meta/policy.ts';
import { KNOWN_KEYS, strangeKeys, strangers } from './grant.policies.notes.ts';
import {
  ALLOWED_LOAD_BALANCER_CLASSES,
  BEFORE,
  few,
  FOR_GUESTS,
  IN_SLICES,
  listed,
  match,
  refusal,
  SERVES_CLUSTER,
  text,
  unless,
} from './grant.slice.ts';

const choice = (field: string): string => `object.spec.?${field}.orValue("")`;
const isOpen = (field: string): string => `${choice(field)} == "" || ${choice(field)} == variables.before.?spec.?${field}.orValue("")`;

const addresses = (service: string): string => `${service}.?spec.?clusterIPs.orValue([])`;

/** Of each, every node keeps rules, times the endpoints behind it: 50 Services with so many ports and 100 Pods are 80,000 already. */
const MOST_PORTS = 16;

/** The API server has chosen an address before we look; the record of what a client has set tells which of the two it was. */
const isGiven = 'dyn(object).metadata.?managedFields.orValue([]).exists(m, m.?fieldsV1[?"f:spec"][?"f:clusterIP"].hasValue())';

/** Services speak to those who serve the whole cluster: its network, its balancers, its names. */
export const servicePolicies: readonly AdmissionPolicy[] = [
  refusal({
    name: 'keystone-slice-services',
    description: 'Refuses Services that catch traffic meant for others, lead out of the slice or have themselves exposed.',
    match: [match('', ['services'])],
    namespaces: IN_SLICES,
    when: FOR_GUESTS,
    variables: {
      before: BEFORE,
      known: KNOWN_KEYS,
      labels: few('object.metadata.?labels'),
      labelsBefore: few('variables.before.?metadata.?labels'),
      annotations: few('object.metadata.?annotations'),
      annotationsBefore: few('variables.before.?metadata.?annotations'),
      // What serves the cluster makes no Services from what a guest wrote.
      guest: `!(${SERVES_CLUSTER})`,
      strange: `!variables.guest ? [] : ${strangeKeys('variables.annotations', 'variables.annotationsBefore')} + ${strangeKeys('variables.labels', 'variables.labelsBefore')}`,
    },
    faults: {
      addresses: unless(
        'object.spec.?externalIPs.orValue([]).size() == 0',
        text('spec.externalIPs would catch traffic meant for others: leave it out'),
      ),
      elsewhere: unless(
        'object.spec.?type.orValue("") != "ExternalName"',
        text('a Service of type ExternalName leads out of this namespace: use ClusterIP with a selector'),
      ),
      exposing: strangers('variables.strange', 'labels and annotations'),
      // Whoever has the address of the cluster's DNS while it is being set up anew answers for it.
      settling: unless(
        `!variables.guest || request.operation != "CREATE" || ${choice('clusterIP')} == "None" || !(${isGiven})`,
        text('the cluster chooses the address of a Service: leave spec.clusterIP and clusterIPs out, or set clusterIP to None'),
      ),
      // Of what is added later the record does not tell whether a client chose it.
      joining: unless(
        `!variables.guest || request.operation != "UPDATE" || size(${addresses('object')}) <= size(${addresses('variables.before')})`,
        text('a Service keeps the kinds of addresses that it was made with: set spec.ipFamilyPolicy when you make it'),
      ),
      balancing: unless(
        `${isOpen('loadBalancerClass')} || ${choice('loadBalancerClass')} in ${listed(ALLOWED_LOAD_BALANCER_CLASSES)}`,
        `"this Grant does not lend load balancers of class " + ${choice('loadBalancerClass')} + ": leave spec.loadBalancerClass out"`,
      ),
      crowding: unless(
        `!variables.guest || size(dyn(object).spec.?ports.orValue([])) <= ${MOST_PORTS}`,
        text(`a Service has at most ${MOST_PORTS} ports, since every node keeps rules for each: make it smaller`),
      ),
      choosing: unless(isOpen('loadBalancerIP'), text('the cluster chooses the address of a load balancer: leave spec.loadBalancerIP out')),
    },
    message: 'a Service here has type ClusterIP and a selector',
  }),
];
