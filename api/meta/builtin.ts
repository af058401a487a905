import type { V1ConfigMap, V1Namespace, V1Node, V1Secret } from '@kubernetes/client-node';
import type { K8sObject, Resource } from './object.ts';

/** A generated model as it travels: `Date` is a string on the wire, metadata is always there. */
type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? readonly Wire<U>[]
    : T extends object
      ? { readonly [K in keyof T]: Wire<T[K]> }
      : T;
type Builtin<T extends { metadata?: unknown }> = Wire<Omit<T, 'metadata' | 'apiVersion' | 'kind'>> & K8sObject;

/** Free data that a pod or a controller reads. */
export type ConfigMap = Builtin<V1ConfigMap>;
/** A room in the cluster; its uid tells it from a later one of the same name. */
export type Namespace = Builtin<V1Namespace>;
/** A machine of the cluster. */
export type Node = Builtin<V1Node>;
/** Data that must not be shown; values are base64. */
export type Secret = Builtin<V1Secret>;

export const ConfigMap: Resource<ConfigMap> = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
export const Namespace: Resource<Namespace> = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
export const Node: Resource<Node> = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };
export const Secret: Resource<Secret> = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
