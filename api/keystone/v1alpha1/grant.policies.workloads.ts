import type { AdmissionPolicy } from '../../meta/policy.ts';
import { BREAK_GLASS, IN_SLICES, match, refusal, SERVES_CLUSTER, text, unless } from './grant.slice.ts';

/** A slot for a stateful server to write everything to disk; more would let a guest outstay its revocation. */
export const LONGEST_GRACE_S = 300;

/** As many as Kubernetes keeps by itself; each may be as large as its template, and no quota knows its size. */
const MOST_VERSIONS = 10;

/** Ten times the pods of a usual slice. */
const MOST_REPLICAS = 1000;
/**
 * The controller of StatefulSets makes all pods in its memory, before it asks for the first and each time that it starts: 1000 with
 * 12,000 variables each took 840 MB. So there are fewer of them, and a template is no larger than people write them. What is left,
 * such as values in a selector of nodes, takes a few times its text: a template has 1.5 MB at most.
 */
const MOST_IN_ORDER = 30;
const MOST_CONTAINERS = 20;
const MOST_ENTRIES = 200;
const MOST_TERMS = 50;

/** What a container has many of. */
const LISTS = ['env', 'envFrom', 'volumeMounts', 'volumeDevices', 'ports', 'args', 'command'];
/** What a pod has many of. */
const POD_LISTS = [
  'volumes',
  'tolerations',
  'hostAliases',
  'imagePullSecrets',
  'topologySpreadConstraints',
  'resourceClaims',
  'readinessGates',
];
const fewOf = (of: string, lists: readonly string[], most: number): string =>
  lists.map((list) => `size(${of}.?${list}.orValue([])) <= ${most}`).join(' && ');
/** Where a pod wants to be; the scheduler keeps all of it for each pod, and empty terms take twenty times their text. */
const TERMS = [
  'nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms',
  ...[
    'nodeAffinity.?preferred',
    'podAffinity.?required',
    'podAffinity.?preferred',
    'podAntiAffinity.?required',
    'podAntiAffinity.?preferred',
  ].map((kind) => `${kind}DuringSchedulingIgnoredDuringExecution`),
];

const IN_TEMPLATE = { most: MOST_ENTRIES, mostContainers: MOST_CONTAINERS };

/** CEL: a pod, or the template of one, is no larger than people write them; each entry costs scheduler, kubelet and node many times its text. */
export const isModest = (spec: string, containers: string, { most, mostContainers } = IN_TEMPLATE): string =>
  `size(${containers}) <= ${mostContainers} && ${containers}.all(c, ${fewOf('c', LISTS, most)}) && ${fewOf(spec, POD_LISTS, most)} && ${fewOf(`${spec}.?affinity`, TERMS, MOST_TERMS)}`;
/** As many, and what Kubernetes adds to a pod by itself: tokens, tolerations, what webhooks inject. */
export const IN_POD = { most: MOST_ENTRIES + 20, mostContainers: MOST_CONTAINERS + 5 };
/** What it says instead. */
export const MODESTY = `at most ${MOST_CONTAINERS} containers, ${MOST_ENTRIES} of ${[...LISTS, ...POD_LISTS].join(', ')} each, and ${MOST_TERMS} terms of each kind of affinity: use a ConfigMap for more`;

/** What workloads may not ask of those who keep the cluster: to wait for them, to count them wrong, to remember for them. */
export const workloadPolicies: readonly AdmissionPolicy[] = [
  refusal({
    name: 'keystone-slice-deletions',
    description: 'Keeps guests from drawing out the end of a pod, and from hiding one that still runs.',
    match: [match('', ['pods'], ['DELETE']), match('', ['pods/eviction'], ['CREATE'])],
    namespaces: IN_SLICES,
    when: { guest: `!(${SERVES_CLUSTER})` },
    variables: {
      pod: 'request.operation == "DELETE" ? dyn(oldObject) : dyn({})',
      // The API server fills in what the pod itself asked for before it lets us look.
      grace:
        'request.operation == "DELETE" ? request.options.?gracePeriodSeconds.orValue(1) : dyn(object).?deleteOptions.?gracePeriodSeconds.orValue(1)',
      // Then there is nothing to wait for.
      still:
        'request.operation == "DELETE" && (variables.pod.?spec.?nodeName.orValue("") == "" || variables.pod.?status.?phase.orValue("") in ["Succeeded", "Failed"])',
    },
    faults: {
      lingering: unless(
        `variables.grace >= 0 && variables.grace <= ${LONGEST_GRACE_S}`,
        text(`gracePeriodSeconds is at most ${LONGEST_GRACE_S}: lower it, or leave it out`),
      ),
      hiding: unless(
        'variables.grace != 0 || variables.still',
        text('a pod that is removed by force goes on uncounted: leave --force out, or give it --grace-period=1'),
      ),
    },
    message: `gracePeriodSeconds is from 1 to ${LONGEST_GRACE_S} here: leave it out`,
  }),
  {
    name: 'keystone-slice-budgets',
    description: 'Refuses disruption budgets that would keep the owner from emptying a node.',
    action: 'Deny',
    match: [match('policy', ['poddisruptionbudgets'])],
    namespaces: IN_SLICES,
    when: { calm: `!(${BREAK_GLASS})` },
    validations: [
      {
        expression: '!has(object.spec.minAvailable) && !string(object.spec.?maxUnavailable.orValue(0)).matches("^0+%?$")',
        message: 'the owner must be able to empty a node: set spec.maxUnavailable to 1 or more, and leave spec.minAvailable out',
        reason: 'Forbidden',
      },
    ],
  },
  refusal({
    name: 'keystone-slice-workloads',
    description: 'Refuses workloads that fill the memory of the controllers of the cluster, or keep them busy.',
    match: [
      match(
        'apps',
        ['deployments', 'statefulsets', 'replicasets'].flatMap((resource) => [resource, `${resource}/scale`]),
      ),
      match('apps', ['daemonsets']),
      match('', ['replicationcontrollers', 'replicationcontrollers/scale']),
      match('autoscaling', ['horizontalpodautoscalers']),
      match('batch', ['cronjobs', 'jobs']),
    ],
    namespaces: IN_SLICES,
    when: { guest: `!(${SERVES_CLUSTER})` },
    variables: {
      inOrder: 'request.resource.resource == "statefulsets" || dyn(object).spec.?scaleTargetRef.?kind.orValue("") == "StatefulSet"',
      template: 'dyn(object).spec.?template.?spec.or(dyn(object).spec.?jobTemplate.?spec.?template.?spec).orValue({})',
      containers: 'variables.template.?containers.orValue([]) + variables.template.?initContainers.orValue([])',
    },
    faults: {
      remembering: unless(
        `dyn(object).spec.?revisionHistoryLimit.orValue(${MOST_VERSIONS}) <= ${MOST_VERSIONS}`,
        text(`spec.revisionHistoryLimit is at most ${MOST_VERSIONS}: lower it`),
      ),
      multiplying: unless(
        `dyn(object).spec.?replicas.orValue(1) <= ${MOST_REPLICAS} && dyn(object).spec.?maxReplicas.orValue(1) <= ${MOST_REPLICAS}`,
        text(`spec.replicas, and spec.maxReplicas of what scales by load, is at most ${MOST_REPLICAS}: lower it`),
      ),
      ordering: unless(
        `!(variables.inOrder) || (dyn(object).spec.?replicas.orValue(1) <= ${MOST_IN_ORDER} && dyn(object).spec.?maxReplicas.orValue(1) <= ${MOST_IN_ORDER})`,
        text(`spec.replicas of a StatefulSet, and spec.maxReplicas of what scales one, is at most ${MOST_IN_ORDER}: lower it`),
      ),
      swelling: unless(isModest('variables.template', 'variables.containers'), text(`a template has ${MODESTY}`)),
      hurrying: unless(
        '!dyn(object).spec.?schedule.orValue("").contains("@every") || object.spec.schedule.matches("^@every [1-9][0-9]{0,4}[mh]$")',
        text('spec.schedule with @every names whole minutes or hours, such as @every 5m: change it'),
      ),
    },
    message: 'this workload would keep the controllers of the cluster busy',
  }),
];
