/**
 * The wire shape of Kubernetes objects: plain JSON, times as RFC 3339 strings. The generated client models turn
 * times into `Date` in lists but not in watches, so nothing of ours ever holds one of those.
 */
export interface ObjectMeta {
  readonly name: string;
  /** Absent for a cluster-scoped object. */
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** An owner in the same namespace, or a cluster-scoped one: without it the garbage collector removes the object. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Any object that the API server holds. `apiVersion` and `kind` are absent inside lists. */
export interface K8sObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** metav1.Condition; `observedGeneration` is required here because every controller of ours sets it. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

/** What every kind of ours carries in its status, whatever else it adds. */
export interface ConditionedStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/** Names one served resource: all that is needed to build its path and to type what comes back. */
export interface Resource<T extends K8sObject = K8sObject> {
  /** The empty string is the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** The API server adds nothing to its spec: what is there beyond what was asked for, somebody else has added. */
  readonly exact?: true;
  /** Never set: carries T for inference. */
  readonly _type?: T;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** A deep partial: what server-side apply sends is the whole intent and nothing else. */
export type DeepPartial<T> = T extends readonly (infer U)[]
  ? readonly DeepPartial<U>[]
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** The whole intent for one object, named. Never built from an object that was read: that would claim every field. */
export type ApplyConfig<T extends K8sObject> = { readonly [K in Exclude<keyof T, 'metadata'>]?: DeepPartial<T[K]> } & {
  readonly metadata: Pick<ObjectMeta, 'name'> & Partial<Pick<ObjectMeta, 'namespace' | 'labels' | 'annotations'>>;
};

export type { Json };
