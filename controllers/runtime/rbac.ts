import type { Resource } from '../../api/meta/object.ts';
import type { ControllerSpec } from './definition.ts';
import type { Selection } from './informer.ts';

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
const MIRROR = ['list', 'watch'] as const;
/** What an informer needs, and a look past it. */
export const READ = ['get', ...MIRROR] as const;
/** What keeping children in line needs: a look past the cache, and server-side apply, which creates by `patch` and is asked for `create` too. */
const KEEP = [...READ, 'create', 'patch'] as const;

/** A permission on some resources of one API group, in the whole cluster unless narrowed. */
export const allow = (
  apiGroup: string,
  resources: readonly string[],
  verbs: readonly string[],
  narrowed: Pick<PolicyRule, 'resourceNames' | 'namespace'> = {},
): PolicyRule => ({ apiGroups: [apiGroup], resources, verbs, ...narrowed });

/** The name of a controller's lease. */
export const leaseName = (controller: string): string => `keystone-${controller}`;

/** What standing for a controller's lease needs. A name can't narrow `create`: the object has none yet. */
const leaseRules = (controller: string): readonly PolicyRule[] => [
  allow('coordination.k8s.io', ['leases'], ['get', 'update'], { namespace: 'operator', resourceNames: [leaseName(controller)] }),
  allow('coordination.k8s.io', ['leases'], ['create'], { namespace: 'operator' }),
];

/** What the engine itself needs to do what a controller's description says. A room declares only what its steps do besides. */
export function impliedRules({ name, for: own, ending, seeds, owns = [], watches = [] }: Described): readonly PolicyRule[] {
  const verbs = [...READ, ...(ending === undefined ? [] : ['patch']), ...(seeds === undefined ? [] : ['create'])];
  return [
    allow(own.group, [own.plural], verbs),
    allow(own.group, [`${own.plural}/status`], ['patch']),
    ...owns
      .map((declare) => declare(name))
      .map(({ resource: { group, plural }, stays = false, selection }) =>
        allow(group, [plural], stays ? KEEP : [...KEEP, 'delete'], narrowedTo(selection)),
      ),
    ...watches.map(({ resource: { group, plural }, selection }) => allow(group, [plural], MIRROR, narrowedTo(selection))),
    ...leaseRules(name),
    allow('events.k8s.io', ['events'], ['create']),
  ];
}

type Described = Pick<ControllerSpec<never, never>, 'name' | 'owns' | 'watches'> & {
  readonly for: Resource;
  readonly ending?: unknown;
  readonly seeds?: unknown;
};

/** Who watches one object, or one namespace, is permitted no more; the only namespace that a room may name is the operator's own. */
function narrowedTo({ namespace, fields = '' }: Selection): Pick<PolicyRule, 'resourceNames' | 'namespace'> {
  const name = /^metadata\.name=([^,]+)$/.exec(fields)?.[1];
  return { ...(namespace === undefined ? {} : { namespace: 'operator' }), ...(name === undefined ? {} : { resourceNames: [name] }) };
}
