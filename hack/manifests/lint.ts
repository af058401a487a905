/** Checks the generated manifests against our API conventions: one line per violation, and exit 1 if there is one. */
import { globSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { kinds } from '../../api/kinds.ts';
import type { CrdManifest } from '../../api/meta/json-schema.ts';
import { lintCrd } from './lint-api.ts';
import { lintRole, type Role } from './lint-rbac.ts';

const found = globSync('config/{crd/bases,rbac}/*.yaml')
  .toSorted()
  .flatMap((file) => documentsOf(file).flatMap((document) => lintDocument(file, document)));
for (const line of found) console.log(line);
if (found.length === 0) console.log(`Conventions kept by ${kinds.map(({ resource }) => resource.kind).join(', ')}.`);
process.exitCode = found.length === 0 ? 0 : 1;

function documentsOf(file: string): readonly unknown[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    const value: unknown = document.toJS();
    return value;
  });
}

function lintDocument(file: string, document: unknown): readonly string[] {
  if (isOfKind<CrdManifest>(document, 'CustomResourceDefinition')) {
    const kind = kinds.find(({ manifest }) => manifest.metadata.name === document.metadata.name);
    return kind === undefined
      ? [`${file}: ${document.metadata.name}: unknown: no kind of ours has this name`]
      : lintCrd(file, document, kind.because);
  }
  return isOfKind<Role>(document, 'ClusterRole') || isOfKind<Role>(document, 'Role') ? lintRole(file, document) : [];
}

/** The API server checks the rest of the shape when the manifest is applied; here the kind decides which rules apply. */
function isOfKind<T extends { readonly kind: string }>(document: unknown, kind: T['kind']): document is T {
  return typeof document === 'object' && document !== null && 'kind' in document && document.kind === kind;
}
