import { byKey } from '../../controllers/runtime/canonical.ts';
import type { PolicyRule } from '../../controllers/runtime/rbac.ts';
import { yamlFile, type GeneratedFile } from './file.ts';

/** What the generator asks of a controller. */
export interface Permitted {
  readonly name: string;
  readonly rbac: readonly PolicyRule[];
}

/** The name of the operator's roles, and of its ServiceAccount and Deployment in config/manager. */
export const OPERATOR = 'keystone-operator';
/** Where the operator lives unless an overlay moves it. */
export const OPERATOR_NAMESPACE = 'keystone-system';

/** A rule as the API server reads it. */
export type RoleRule = Omit<PolicyRule, 'namespace'>;

const RBAC = 'rbac.authorization.k8s.io';
const API_VERSION = `${RBAC}/v1`;

/** The operator's own roles, from what its controllers declare: one for the cluster, one for the operator's namespace. */
export function operatorRoles(controllers: readonly Permitted[]): readonly GeneratedFile[] {
  const rules = controllers.flatMap(({ rbac }) => rbac);
  const everywhere = mergeRules(rules.filter(({ namespace }) => namespace === undefined));
  const inside = mergeRules(rules.filter(({ namespace }) => namespace === 'operator'));
  const namespace = OPERATOR_NAMESPACE;
  const subjects = [{ kind: 'ServiceAccount', name: OPERATOR, namespace }];
  const refer = (kind: string) => ({ apiGroup: RBAC, kind, name: OPERATOR });
  return [
    yamlFile(
      'config/rbac/role.yaml',
      { apiVersion: API_VERSION, kind: 'ClusterRole', metadata: { name: OPERATOR }, rules: everywhere },
      { apiVersion: API_VERSION, kind: 'Role', metadata: { name: OPERATOR, namespace }, rules: inside },
    ),
    yamlFile(
      'config/rbac/role_binding.yaml',
      { apiVersion: API_VERSION, kind: 'ClusterRoleBinding', metadata: { name: OPERATOR }, roleRef: refer('ClusterRole'), subjects },
      { apiVersion: API_VERSION, kind: 'RoleBinding', metadata: { name: OPERATOR, namespace }, roleRef: refer('Role'), subjects },
    ),
    yamlFile('config/rbac/metrics_reader_role.yaml', {
      apiVersion: API_VERSION,
      kind: 'ClusterRole',
      metadata: { name: 'keystone-metrics-reader' },
      rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
    }),
  ];
}

/** Few rules that permit exactly what these permit, sorted: what two controllers ask for stands once. */
export function mergeRules(rules: readonly PolicyRule[]): readonly RoleRule[] {
  const single = rules.flatMap(({ apiGroups, resources, resourceNames = [], verbs }) =>
    apiGroups.flatMap((group) => resources.map((resource) => ({ group, resource, names: resourceNames.toSorted(), verbs }))),
  );
  const perResource = [...Map.groupBy(single, ({ group, names, resource }) => JSON.stringify([group, names, resource]))]
    .toSorted(byKey)
    .flatMap(([, same]) =>
      same.slice(0, 1).map((first) => ({ ...first, verbs: [...new Set(same.flatMap(({ verbs }) => verbs))].toSorted() })),
    );
  return [...Map.groupBy(perResource, ({ group, names, verbs }) => JSON.stringify([group, names, verbs])).values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ group, names, verbs }) => ({
      apiGroups: [group],
      resources: alike.map(({ resource }) => resource),
      ...(names.length === 0 ? {} : { resourceNames: names }),
      verbs,
    })),
  );
}
