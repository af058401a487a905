import type { Kind } from '../../api/meta/crd.ts';
import { yamlFile, type GeneratedFile } from './file.ts';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'patch', 'update'];

/**
 * Who may do what with our kinds. Whoever may view a namespace may view them; who lends and accepts is for the owner to bind: those who
 * edit some namespace could fill the operator's memory with what it does not serve.
 */
const RANKS: readonly { readonly name: string; readonly joins?: string; readonly verbs: readonly string[] }[] = [
  { name: 'viewer', joins: 'view', verbs: READ },
  { name: 'editor', verbs: [...READ, ...WRITE].toSorted() },
  { name: 'admin', verbs: [...READ, ...WRITE, 'deletecollection'].toSorted() },
];

/** Roles for the people who use a kind. None may write a status: that is the operator's alone. */
export const kindRoles = ({ manifest }: Kind): readonly GeneratedFile[] =>
  RANKS.map(({ name, joins, verbs }) => {
    const { group, names } = manifest.spec;
    const metadata = {
      name: `keystone-${names.singular}-${name}`,
      ...(joins === undefined ? {} : { labels: { [`rbac.authorization.k8s.io/aggregate-to-${joins}`]: 'true' } }),
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
