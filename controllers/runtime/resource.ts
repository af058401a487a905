import type { K8sObject, Resource } from '../../api/meta/object.ts';

/** Names one object of a resource; the empty namespace means cluster scope. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The group and version as manifests write them. */
export const apiVersionOf = (resource: Resource): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

/** A short, stable name for a resource: `configmaps`, `grants.keystone.io`. */
export const nameOf = (resource: Resource): string => (resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`);

/** `namespace/name`, or just the name for what is cluster-scoped: the key of stores and queues. */
export const keyOf = ({ metadata: { name, namespace } }: Named): string => (namespace === undefined ? name : `${namespace}/${name}`);

/** The path of a collection; without a namespace, of the whole cluster's. */
export function collectionPath(resource: Resource, namespace = ''): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  return namespace === '' ? `${root}/${resource.plural}` : `${root}/namespaces/${segment(namespace)}/${resource.plural}`;
}

/** The path of one object, with its subresource if one is named. */
export function objectPath(resource: Resource, key: ObjectKey, subresource?: 'status'): string {
  if (resource.namespaced !== (key.namespace !== ''))
    throw new Error(`${resource.kind} ${key.name} ${resource.namespaced ? 'needs' : 'has no'} namespace`);
  const path = `${collectionPath(resource, key.namespace)}/${segment(key.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** The key of an object that is still to be written. */
export const targetOf = ({ metadata: { name, namespace = '' } }: Named): ObjectKey => ({ namespace, name });

/** Whether an answer is an object at all, and not an error page or a list. */
export function isObject(value: unknown): value is K8sObject {
  const metadata = typeof value === 'object' && value !== null && 'metadata' in value ? value.metadata : undefined;
  return typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata && typeof metadata.resourceVersion === 'string';
}

/**
 * The one place where bytes become a type: the API server checked against the schema what it serves under a resource's
 * path, and whoever calls this has just read it from there.
 */
export function servedUnder<T extends K8sObject>(_: Resource<T>, object: K8sObject): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above; checking it again here would be the schema written twice
  return object as T;
}

/** A name from outside must stay one path segment: dots alone would climb, and the client library would not mind. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') throw new Error(`"${name}" is no object name`);
  return encodeURIComponent(name);
}
