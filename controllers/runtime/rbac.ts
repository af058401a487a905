/** One permission, declared beside the code that needs it; the manifests are generated from these. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
  /** Holds in the operator's own namespace only. */
  readonly namespace?: 'operator';
}

/** What an informer needs. */
export const READ = ['get', 'list', 'watch'] as const;
/** What keeping children in line needs. Server-side apply creates by `patch`, and the API server asks for `create` too. */
export const APPLY = [...READ, 'create', 'patch', 'delete'] as const;

/** A permission on some resources of one API group, in the whole cluster unless narrowed. */
export const allow = (
  apiGroup: string,
  resources: readonly string[],
  verbs: readonly string[],
  narrowed: Pick<PolicyRule, 'resourceNames' | 'namespace'> = {},
): PolicyRule => ({ apiGroups: [apiGroup], resources, verbs, ...narrowed });
