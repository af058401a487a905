import type { AdmissionPolicy } from '../../meta/policy.ts';
import { IS_LIMIT } from './grant.policies.limits.ts';
import {
  BEFORE,
  BREAK_GLASS,
  changes,
  CONTROLLER_LABEL,
  few,
  FOR_GUESTS,
  GRANT_CONTROLLER,
  IN_SLICES,
  isOurKey,
  match,
  matchAll,
  MOST_KEYS,
  OPERATOR,
  refusal,
  SERVES_CLUSTER,
  text,
  texts,
  TRUSTED,
  unless,
} from './grant.slice.ts';

/** What a slice may hold. Any other kind, also one that comes with tomorrow's operator, would act beyond the slice for all we know. */
export const KINDS = [
  'pods',
  'pods/eviction',
  'pods/ephemeralcontainers',
  'pods/resize',
  'services',
  'configmaps',
  'secrets',
  'persistentvolumeclaims',
  'serviceaccounts',
  'replicationcontrollers',
  'replicationcontrollers/scale',
  ...['deployments', 'statefulsets', 'replicasets'].flatMap((resource) => [`${resource}.apps`, `${resource}/scale.apps`]),
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'horizontalpodautoscalers.autoscaling',
  'poddisruptionbudgets.policy',
  'leases.coordination.k8s.io',
  'resourceclaims.resource.k8s.io',
  'resourceclaimtemplates.resource.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
];

/** What people try most, and what to do instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  'grants.keystone.io': 'lend from a namespace of your own',
  'pods/binding': 'leave the choice of the node to the scheduler',
  bindings: 'leave the choice of the node to the scheduler',
  'serviceaccounts/token': 'let the pod mount the token that the kubelet keeps fresh',
  endpoints: 'give the Service a selector, so that it leads to pods of this namespace',
  'endpointslices.discovery.k8s.io': 'give the Service a selector, so that it leads to pods of this namespace',
  'ingresses.networking.k8s.io': 'reach the Service with kubectl port-forward',
  events: 'write a log instead',
  'events.events.k8s.io': 'write a log instead',
};

/** Where objects carry labels and annotations that end on pods, jobs and claims. */
const TEMPLATES = [
  '.?spec.?template.?metadata',
  '.?spec.?jobTemplate.?metadata',
  '.?spec.?jobTemplate.?spec.?template.?metadata',
  // That of claims on devices.
  '.?spec.?metadata',
];
const keyChanges = (path: string): string =>
  ['labels', 'annotations']
    .map((field) => changes(few(`dyn(object)${path}.?${field}`), few(`variables.before${path}.?${field}`), isOurKey))
    .join(' || ');

const isCrowded = (path: string): string =>
  ['labels', 'annotations'].map((field) => `size(dyn(object)${path}.?${field}.orValue({})) > ${MOST_KEYS}`).join(' || ');

const keepsFinalizers = (path: string): string =>
  `dyn(object)${path}.?finalizers.orValue([]).all(f, f in variables.before${path}.?finalizers.orValue([]))`;

/** What the controllers of Kubernetes make from templates. */
const MADE = ['pods', 'persistentvolumeclaims', 'resourceclaims'];

/** Kinds that can own something in a slice and go with it. */
const OWNERS = [
  ...['Pod', 'Service', 'ConfigMap', 'Secret', 'PersistentVolumeClaim', 'ServiceAccount', 'ReplicationController'].map(
    (kind) => `v1/${kind}`,
  ),
  ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].map((kind) => `apps/v1/${kind}`),
  'batch/v1/Job',
  'batch/v1/CronJob',
];

/** More than anybody has. */
const MOST_OWNERS = 50;

/** A kubelet that mounts one whole makes a file in memory of each, which takes 6 KiB however small it is. */
const MOST_DATA = 128;
const keysIn = (of: string): string => `size(${of}.?data.orValue({})) + size(${of}.?binaryData.orValue({}))`;

/** What the API server notes its end on before it goes: pods always, the others for a finalizer that Kubernetes sets. */
const NOTED = ['pods', 'persistentvolumeclaims', 'resourceclaims', 'services'];
/**
 * A sixth of what etcd takes for one object: what leaves no room for that note can't be ended, and keeps its neighbours with it; and
 * kubelets repeat in a status, some of it twice, what they can't run.
 */
const LARGEST = 262_144;

/** Controllers that put copies of a Secret or ConfigMap into other namespaces, if it asks them to. */
const COPIERS = ['emberstack.com', 'mittwald.de', 'kubed.appscode.com'];
const isCopied = (key: string): string => `${texts(COPIERS)}.exists(copier, ${key}.contains(copier + "/"))`;

/** What guests may not do in a slice, beyond what quota and Pod Security refuse. */
export const guestPolicies: readonly AdmissionPolicy[] = [
  {
    name: 'keystone-slice-kinds',
    description: 'Refuses guests every kind of object that a Grant does not lend.',
    action: 'Deny',
    match: matchAll(),
    namespaces: IN_SLICES,
    when: {
      guest: `!(${SERVES_CLUSTER})`,
      // These have a policy that says more.
      other: `!(${IS_LIMIT})`,
    },
    variables: {
      kind: 'request.resource.resource + (request.?subResource.orValue("") == "" ? "" : "/" + request.subResource) + (request.resource.group == "" ? "" : "." + request.resource.group)',
    },
    validations: [
      {
        expression: `variables.kind in ${texts(KINDS)}`,
        message: 'a Grant does not lend this kind of object: do without it, or ask the owner of the cluster',
        messageExpression: `"a Grant does not lend " + variables.kind + ": " + {${Object.entries(INSTEAD)
          .map(([kind, remedy]) => `${text(kind)}: ${text(remedy)}`)
          .join(', ')}}[?variables.kind].orValue("do without it, or ask the owner of the cluster")`,
        reason: 'Forbidden',
      },
    ],
  },
  refusal({
    name: 'keystone-slice-metadata',
    description: 'Keeps guests from holding up deletion, from tying objects to others outside, and from speaking in our name.',
    match: matchAll(),
    namespaces: IN_SLICES,
    when: {
      // What controllers make from a guest's templates is a guest's. Else they are not judged at all: however much a guest has written
      // on an object, they must be able to let go of it.
      stranger: `!(${OPERATOR} || ${BREAK_GLASS}) && (!(${SERVES_CLUSTER}) || (request.operation == "CREATE" && request.?subResource.orValue("") == "" && request.resource.resource in ${texts(MADE)}))`,
      // These are refused whole.
      other: `!(${IS_LIMIT}) && !(request.operation == "UPDATE" && oldObject.?metadata.?labels[?${text(CONTROLLER_LABEL)}].orValue("") == ${text(GRANT_CONTROLLER)})`,
    },
    variables: {
      before: BEFORE,
      finalizers: 'dyn(object).?metadata.?finalizers.orValue([])',
      finalizersBefore: 'variables.before.?metadata.?finalizers.orValue([])',
      owners: 'dyn(object).?metadata.?ownerReferences.orValue([])',
      // The API server itself protects claims at birth, and the controller of jobs counts its pods.
      known: `request.resource.resource == "persistentvolumeclaims" ? ["kubernetes.io/pvc-protection"] : request.resource.resource == "pods" && (${TRUSTED}) ? ["batch.kubernetes.io/job-tracking"] : []`,
      templated:
        'request.resource.group in ["apps", "batch"] || request.resource.resource in ["replicationcontrollers", "resourceclaimtemplates"]',
    },
    faults: {
      crowding: unless(
        `!(${isCrowded('.?metadata')} || (variables.templated && (${TEMPLATES.map(isCrowded).join(' || ')})))`,
        text(`an object has at most ${MOST_KEYS} labels and as many annotations here: leave some out`),
      ),
      growing: unless(
        `!(request.resource.resource in ${texts(NOTED)}) || size(bytes("%s".format([dyn(object)]))) <= ${LARGEST}`,
        text(`an object of this kind has at most ${LARGEST} bytes here, with all that is noted on it: put long texts into a ConfigMap`),
      ),
      holding: unless(
        'variables.finalizers.all(f, f in variables.finalizersBefore || f in variables.known) && variables.finalizersBefore.all(f, f in variables.finalizers)',
        text('metadata.finalizers are set and removed by the controllers of this cluster only: leave them as they are'),
      ),
      holdingLater: unless(
        `!variables.templated || (${TEMPLATES.map(keepsFinalizers).join(' && ')} && dyn(object).?spec.?volumeClaimTemplates.orValue([]).all(t, t in variables.before.?spec.?volumeClaimTemplates.orValue([]) || (t.?metadata.?finalizers.orValue([]) + t.?metadata.?ownerReferences.orValue([])).size() == 0))`,
        text('finalizers and owners of a template pass to what is made from it: leave metadata.finalizers and ownerReferences out of it'),
      ),
      owned: `variables.owners.size() > ${MOST_OWNERS} ? [${text(`metadata.ownerReferences names at most ${MOST_OWNERS} here: leave some out`)}] : variables.owners.filter(o, !(o in variables.before.?metadata.?ownerReferences.orValue([])) && !(o.apiVersion + "/" + o.kind in ${texts(OWNERS)})).map(o, "metadata.ownerReferences can't name the " + o.kind + " " + o.name + ": name a workload, Service, ConfigMap, Secret or claim of this namespace, or nothing")`,
      posing: unless(
        `!(${keyChanges('.?metadata')})`,
        text('labels and annotations of keystone.io are set by the operator only: leave them as they are'),
      ),
      posingLater: unless(
        `!variables.templated || (!(${TEMPLATES.map(keyChanges).join(' || ')}) && dyn(object).?spec.?volumeClaimTemplates.orValue([]).all(t, request.operation == "UPDATE" || ${['labels', 'annotations'].map((field) => `t.?metadata.?${field}.orValue({}).all(k, !${isOurKey('k')})`).join(' && ')}))`,
        text('labels and annotations of keystone.io are set by the operator only: leave them out of the template'),
      ),
    },
    message: 'finalizers, foreign owners and keys of keystone.io are not for guests: leave them as they are',
  }),
  refusal({
    name: 'keystone-slice-secrets',
    description: 'Refuses Secrets that Kubernetes would turn into tokens that never expire, and any that would be copied elsewhere.',
    match: [match('', ['secrets', 'configmaps'])],
    namespaces: IN_SLICES,
    when: FOR_GUESTS,
    variables: {
      before: BEFORE,
      annotations: few('object.metadata.?annotations'),
      annotationsBefore: few('variables.before.?metadata.?annotations'),
    },
    faults: {
      filling: unless(
        `${keysIn('dyn(object)')} <= ${MOST_DATA} || ${keysIn('dyn(object)')} <= ${keysIn('variables.before')}`,
        text(
          `data has at most ${MOST_DATA} keys here, each of which may be a file in memory of a node: put what belongs together into one`,
        ),
      ),
      posing: unless(
        'dyn(object).?type.orValue("") != "kubernetes.io/service-account-token"',
        text(
          'a Secret of type kubernetes.io/service-account-token never expires: let the pod mount the token that the kubelet keeps fresh',
        ),
      ),
      spreading: unless(
        `(${SERVES_CLUSTER}) || !(${changes('variables.annotations', 'variables.annotationsBefore', isCopied)})`,
        `"annotations that have an object copied into other namespaces are not for guests: leave out those of " + ${texts(COPIERS)}.join(", ")`,
      ),
    },
    message: 'this object would reach beyond its namespace',
  }),
];
