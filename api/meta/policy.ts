/** Which requests a policy looks at. */
export interface PolicyMatch {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT')[];
  readonly resourceNames?: readonly string[];
  readonly scope?: 'Cluster' | 'Namespaced';
}

/** What the labels of a namespace must be like. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'Exists' | 'DoesNotExist' | 'In' | 'NotIn';
  readonly values?: readonly string[];
}

/** What must hold; a CEL expression over `object`, `oldObject`, `request` and the policy's `variables`. */
export interface PolicyValidation {
  readonly expression: string;
  readonly message: string;
  readonly messageExpression?: string;
  readonly reason?: 'Unauthorized' | 'Forbidden' | 'Invalid' | 'RequestEntityTooLarge';
}

/** A ValidatingAdmissionPolicy and its binding: the API server judges by itself, also while the operator is down. */
export interface AdmissionPolicy {
  /** Appears in the answer to the user: short and telling. */
  readonly name: string;
  /** What it is for, for those who list the policies. */
  readonly description: string;
  /** Warn lets the request through and says so, also with --dry-run=server. */
  readonly action: 'Deny' | 'Warn';
  readonly match: readonly PolicyMatch[];
  /** Only objects with these labels, before or after the request. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Only objects in namespaces with labels that meet all of these; cluster-wide objects are not held back by it. */
  readonly namespaces?: readonly LabelRequirement[];
  /** Further CEL conditions, all of which must hold for the policy to look at all. */
  readonly when?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly validations: readonly PolicyValidation[];
}
