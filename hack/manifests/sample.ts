import type { CrdManifest, CrdVersion, JsonSchema } from '../../api/meta/json-schema.ts';
import { columns, conditioned, crd, object, sharedConditions, sharedReasons, type Schema } from '../../api/meta/schema.ts';

/** A kind in good order but for one field of its spec. */
export const kindWith = (name: string, json: JsonSchema, required = true): CrdManifest => {
  const field: Schema = { json, required, because: {} };
  return crd({
    group: 'example.io',
    version: 'v1',
    kind: 'Sample',
    plural: 'samples',
    scope: 'Namespaced',
    shortNames: ['sp'],
    description: 'Sample is a sample.',
    spec: object({ [name]: field }, { description: 'spec is asked for.' }),
    status: conditioned({}),
    columns: columns.ready().age().reason(),
    conditions: sharedConditions,
    reasons: sharedReasons,
  }).manifest;
};

/** A description as the field size needs it. */
export const description = 'size is how much.';
/** A field in good order. */
export const good: JsonSchema = { type: 'string', maxLength: 9, description };
/** A kind in good order, for tests of what looks at kinds. */
export const goodKind = kindWith('size', good);

/** The good kind with one thing about it changed. */
export const changed = (edit: (version: CrdVersion) => object): CrdManifest => {
  const versions = goodKind.spec.versions.map((version) => ({ ...version, ...edit(version) }));
  return { ...goodKind, spec: { ...goodKind.spec, versions } };
};

/** The good kind with its status changed. */
export const withStatus = (edit: (status: JsonSchema) => JsonSchema): CrdManifest =>
  changed(({ schema: { openAPIV3Schema: root } }) => {
    const status = edit(root.properties?.['status'] ?? {});
    return { schema: { openAPIV3Schema: { ...root, properties: { ...root.properties, status } } } };
  });
