import type { Kind } from '../../api/meta/crd.ts';
import { yamlFile, type GeneratedFile } from './file.ts';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'patch', 'update'];

/** Who may do what with our kinds. Each role joins the built-in one of the same rank, so that a cluster's existing bindings cover our kinds. */
const RANKS = [
  { name: 'viewer', joins: 'view', verbs: READ },
  { name: 'editor', joins: 'edit', verbs: [...READ, ...WRITE].toSorted() },
  { name: 'admin', joins: 'admin', verbs: [...READ, ...WRITE, 'deletecollection'].toSorted() },
] as const;

/** Roles for the people who use a kind. None may write a status: that is the operator's alone. */
export const kindRoles = ({ manifest }: Kind): readonly GeneratedFile[] =>
  RANKS.map(({ name, joins, verbs }) => {
    const { group, names } = manifest.spec;
    const metadata = {
      name: `keystone-${names.singular}-${name}`,
      labels: { [`rbac.authorization.k8s.io/aggregate-to-${joins}`]: 'true' },
    };
    const rules = [
      { apiGroups: [group], resources: [names.plural], verbs },
      { apiGroups: [group], resources: [`${names.plural}/status`], verbs: ['get'] },
    ];
    return yamlFile(`config/rbac/${names.singular}_${name}_role.yaml`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata,
      rules,
    });
  });
