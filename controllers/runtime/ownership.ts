import type { ApplyConfig, K8sObject, ObjectMeta, OwnerReference, Resource } from '../../api/meta/object.ts';
import { apiVersionOf, keyOf } from './resource.ts';

/** Says which controller made an object: what its informers select by. */
export const CONTROLLER_LABEL = 'keystone.io/controller';
/** Says whose object it is: a uid, since a name may be reused by another. */
export const OWNER_UID_LABEL = 'keystone.io/owner-uid';
/** Says the same to a human. */
export const OWNER_ANNOTATION = 'keystone.io/owner';

/** Who owns a child: an object and the controller that acts for it. */
export interface Owner {
  readonly controller: string;
  readonly resource: Resource;
  readonly metadata: ObjectMeta;
  /** It is gone, and what it left behind is cleared away. */
  readonly gone?: boolean;
  /** What it is worked on under, where that is not its name. */
  readonly key?: string;
  /** As the pass read it. */
  readonly status?: unknown;
}

/** The labels by which a child is found and its owner recognised. */
export const ownerLabels = (owner: Owner): Record<string, string> => ({
  'app.kubernetes.io/managed-by': 'keystone-operator',
  [CONTROLLER_LABEL]: owner.controller,
  [OWNER_UID_LABEL]: owner.metadata.uid,
});

/** The uid of the owner that a child was labelled with. */
export const ownerUidOf = (child: K8sObject): string | undefined => child.metadata.labels?.[OWNER_UID_LABEL];

/**
 * A child with its owner's marks. An ownerReference is added only where the garbage collector understands it, in the
 * same namespace or from a cluster-scoped owner: anywhere else it would take the owner for missing and delete the child.
 */
export function owned<T extends K8sObject>(
  owner: Owner,
  child: ApplyConfig<T>,
  options: { readonly outlives?: boolean } = {},
): ApplyConfig<T> {
  const { labels, annotations, ...metadata } = child.metadata;
  const collected = options.outlives !== true && isCollectable(owner, child.metadata.namespace);
  return {
    ...child,
    metadata: {
      ...metadata,
      labels: { ...labels, ...ownerLabels(owner) },
      annotations: { ...annotations, [OWNER_ANNOTATION]: `${owner.resource.kind} ${keyOf(owner)}` },
      ...(collected ? { ownerReferences: [referenceTo(owner)] } : {}),
    },
  };
}

const isCollectable = (owner: Owner, childNamespace: string | undefined): boolean =>
  !owner.resource.namespaced || (childNamespace !== undefined && childNamespace === owner.metadata.namespace);

const referenceTo = ({ resource, metadata }: Owner): OwnerReference => ({
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
  blockOwnerDeletion: false,
});
