import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { RoleRule } from '../manifests/rbac.ts';

/** One thing that a role permits, or that somebody did: `patch grants.keystone.io/status`, with a name where the right is for one object. */
export type Right = string;

/** How a right is written down; the same for what is granted and for what is used. */
export const rightOf = (verb: string, resource: string, group: string, name = ''): Right =>
  `${verb} ${group === '' ? resource : resource.replace(/^[^/]+/, (plural) => `${plural}.${group}`)}${name === '' ? '' : ` ${name}`}`;

interface Role {
  readonly rules: readonly RoleRule[];
}

/** Every single right that the roles of a manifest grant. */
export function grantedRights(manifest: string): readonly Right[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own generated file
  const roles = parseAllDocuments(manifest).map((document) => document.toJS() as Role);
  return roles.flatMap(({ rules }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => resourceNames.flatMap((name) => verbs.map((verb) => rightOf(verb, resource, group, name)))),
      ),
    ),
  );
}

/** The rights that nobody has used; one for any object is used by each use of it. */
export const unusedRights = (granted: readonly Right[], used: ReadonlySet<Right>): readonly Right[] =>
  granted.filter((right) => !used.has(right)).toSorted();

/** What each process of the suite has left in a folder of what the operator did. */
export const usedRights = (folder: string): ReadonlySet<Right> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- test/env/hooks.ts wrote them
  new Set(globSync(join(folder, '*.json')).flatMap((path) => JSON.parse(readFileSync(path, 'utf8')) as readonly Right[]));
