import type { CrdManifest, CrdVersion, JsonSchema } from '../../api/meta/json-schema.ts';
import type { Field } from './fields.ts';

/** One version of a kind, as rules over the whole of it see it. */
interface Subject {
  readonly crd: CrdManifest;
  readonly version: CrdVersion;
  readonly root: JsonSchema;
  readonly fields: readonly Field[];
}

type Violation = readonly [path: string, sentence: string];

/** A rule that looks at a kind as a whole. */
export interface KindRule {
  readonly rule: string;
  readonly check: (subject: Subject) => readonly Violation[];
}

const CONDITION = ['type', 'status', 'observedGeneration', 'lastTransitionTime', 'reason', 'message'];
const READY = '.status.conditions[?(@.type=="Ready")]';

const unless = (holds: boolean, path: string, sentence: string): readonly Violation[] => (holds ? [] : [[path, sentence]]);

/** The conventions of whole kinds. */
export const KIND_RULES: readonly KindRule[] = [
  {
    rule: 'names',
    check: ({ crd: { spec }, root }) => [
      ...unless(
        spec.names.categories?.includes('keystone') === true,
        'names',
        'needs the category keystone: kubectl get keystone is the dashboard',
      ),
      ...unless((spec.names.shortNames ?? []).length > 0, 'names', 'needs a short name'),
      ...unless(
        (root.description ?? '').startsWith(`${spec.names.kind} `),
        'schema',
        `needs a description that starts with "${spec.names.kind}"`,
      ),
    ],
  },
  {
    rule: 'status-subresource',
    check: ({ version }) => unless(version.subresources?.status !== undefined, '.status', 'must be a subresource, or users could write it'),
  },
  {
    rule: 'status-default',
    check: ({ root }) =>
      unless(
        JSON.stringify(root.properties?.['status']?.default) === '{"observedGeneration":-1}',
        '.status',
        'must default to {observedGeneration: -1}, or a fresh object looks finished',
      ),
  },
  {
    rule: 'conditions',
    check: ({ root }) => {
      const status = root.properties?.['status']?.properties ?? {};
      const { conditions } = status;
      if (conditions === undefined) return [['.status.conditions', 'is missing']];
      const missing = CONDITION.filter((name) => conditions.items?.required?.includes(name) !== true);
      return [
        ...unless(Object.keys(status)[0] === 'conditions', '.status.conditions', 'must be the first field of the status'),
        ...unless(
          conditions['x-kubernetes-list-type'] === 'map' && conditions['x-kubernetes-list-map-keys']?.join(',') === 'type',
          '.status.conditions',
          'must be a list map by type, or two writers overwrite each other',
        ),
        ...unless(missing.length === 0, '.status.conditions[]', `must require ${missing.join(', ')}`),
      ];
    },
  },
  {
    rule: 'rule-path',
    check: ({ root }) =>
      (root['x-kubernetes-validations'] ?? []).flatMap(({ fieldPath = '' }) =>
        unless(
          !fieldPath.startsWith('.metadata'),
          'rules',
          `no rule can name ${fieldPath}: the API server takes no path into metadata, so leave fieldPath out`,
        ),
      ),
  },
  {
    rule: 'columns',
    check: ({ version }) => {
      const shows = (name: string, jsonPath: string, priority: 0 | 1): boolean =>
        version.additionalPrinterColumns?.some(
          (column) => column.name === name && column.jsonPath === jsonPath && (column.priority ?? 0) === priority,
        ) === true;
      return [
        ...unless(shows('Ready', `${READY}.status`, 0), 'columns', 'must show Ready'),
        ...unless(shows('Age', '.metadata.creationTimestamp', 0), 'columns', 'must show Age'),
        ...unless(shows('Reason', `${READY}.reason`, 1), 'columns', 'must show the Reason of Ready with -o wide'),
      ];
    },
  },
  {
    rule: 'column-path',
    check: ({ version, fields }) =>
      (version.additionalPrinterColumns ?? []).flatMap(({ name, jsonPath }) =>
        unless(leadsSomewhere(jsonPath, fields), 'columns', `${name} shows ${jsonPath}, which is no field`),
      ),
  },
];

/** Whether a column's path ends at a field, at an entry of a map or in an item of a list. */
function leadsSomewhere(jsonPath: string, fields: readonly Field[]): boolean {
  if (jsonPath === '.metadata.creationTimestamp') return true;
  const path = jsonPath.replaceAll(/\[[^\]]*\]/g, '[]');
  const parent = path.slice(0, path.lastIndexOf('.'));
  return fields.some((field) => field.path === path || (field.path === parent && field.schema.additionalProperties !== undefined));
}
