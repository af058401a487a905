import type {
  V1ConfigMap,
  V1Lease,
  V1LimitRange,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolume,
  V1Pod,
  V1ResourceQuota,
  V1Secret,
  V1StorageClass,
  V1ValidatingWebhookConfiguration,
} from '@kubernetes/client-node';
import type { K8sObject, Resource } from './object.ts';

/** A generated model as it travels: `Date` is a string on the wire, and names that clash with a keyword lose their underscore. */
type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? readonly Wire<U>[]
    : T extends object
      ? { readonly [K in keyof T as K extends `_${infer Name}` ? Name : K]: Wire<T[K]> }
      : T;
type Builtin<T extends { metadata?: unknown }> = Wire<Omit<T, 'metadata' | 'apiVersion' | 'kind'>> & K8sObject;

/** Free data that a pod or a controller reads. */
export type ConfigMap = Builtin<V1ConfigMap>;
/** Who leads, until when. */
export type Lease = Builtin<V1Lease>;
/** What containers of a namespace ask for that say nothing. */
export type LimitRange = Builtin<V1LimitRange>;
/** A room in the cluster; its uid tells it from a later one of the same name. */
export type Namespace = Builtin<V1Namespace>;
/** Who may talk to whom; additive, so one that allows is never undone by one that does not. */
export type NetworkPolicy = Builtin<V1NetworkPolicy>;
/** A machine of the cluster. */
export type Node = Builtin<V1Node>;
/** A piece of storage, bound to one claim. */
export type PersistentVolume = Builtin<V1PersistentVolume>;
/** Containers that run together on one node. */
export type Pod = Builtin<V1Pod>;
/** What a namespace may hold and use; enforced once its status repeats its spec. */
export type ResourceQuota = Builtin<V1ResourceQuota>;
/** A kind of storage that claims may ask for. */
export type StorageClass = Builtin<V1StorageClass>;
/** Whom the API server asks before it takes an object, and whom it trusts to be asked. */
export type ValidatingWebhookConfiguration = Builtin<V1ValidatingWebhookConfiguration>;
/** Data that must not be shown; values are base64. */
export type Secret = Builtin<V1Secret>;

export const ConfigMap: Resource<ConfigMap> = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
export const Namespace: Resource<Namespace> = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
export const Node: Resource<Node> = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };
export const Secret: Resource<Secret> = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
export const Pod: Resource<Pod> = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
export const Lease: Resource<Lease> = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true };
export const LimitRange: Resource<LimitRange> = { group: '', version: 'v1', plural: 'limitranges', kind: 'LimitRange', namespaced: true };
export const NetworkPolicy: Resource<NetworkPolicy> = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  namespaced: true,
  exact: true,
};
export const PersistentVolume: Resource<PersistentVolume> = {
  group: '',
  version: 'v1',
  plural: 'persistentvolumes',
  kind: 'PersistentVolume',
  namespaced: false,
};
export const StorageClass: Resource<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'storageclasses',
  kind: 'StorageClass',
  namespaced: false,
};
export const ResourceQuota: Resource<ResourceQuota> = {
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};
export const ValidatingWebhookConfiguration: Resource<ValidatingWebhookConfiguration> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
  namespaced: false,
};
