import type { RoleRule } from './rbac.ts';

/** A role as the manifest has it. */
export interface Role {
  readonly kind: string;
  readonly rules?: readonly (Partial<RoleRule> & Pick<RoleRule, 'verbs'> & { readonly nonResourceURLs?: readonly string[] })[];
}

/** With these a holder makes itself anybody. */
const ESCALATING = new Set(['escalate', 'bind', 'impersonate']);

/** Every permission of the operator that a reviewer would refuse, one line each. */
export const lintRole = (file: string, { kind, rules = [] }: Role): readonly string[] =>
  rules.flatMap(({ apiGroups = [], resources = [], nonResourceURLs = [], verbs, resourceNames }) => {
    const asked = `${verbs.join(', ')} on ${[...resources, ...nonResourceURLs].join(', ')}`;
    const all = [...apiGroups, ...resources, ...nonResourceURLs, ...verbs];
    const reads = verbs.some((verb) => ['get', 'list', 'watch'].includes(verb));
    const faults: readonly (readonly [boolean, string])[] = [
      [all.includes('*'), 'no-wildcard: permits more than anybody can review'],
      [verbs.some((verb) => ESCALATING.has(verb)), 'no-escalation: lets the operator become anybody'],
      [
        kind === 'ClusterRole' && reads && apiGroups.includes('') && resources.includes('secrets') && resourceNames === undefined,
        'no-cluster-secrets: reads every Secret of the cluster: narrow it to a name or to the namespace of the operator',
      ],
    ];
    return faults.flatMap(([broken, sentence]) => (broken ? [`${file}: ${asked}: ${sentence}`] : []));
  });
