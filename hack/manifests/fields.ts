import type { JsonSchema, Validation } from '../../api/meta/json-schema.ts';

/** One field of a kind, at its path from the object's root: `.spec.source`; items of lists are `[]`, of maps `[*]`. */
export interface Field {
  readonly path: string;
  /** The serialised name; empty for items. */
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** All fields below a schema, each before what it contains. */
export function fieldsOf(schema: JsonSchema, path = ''): readonly Field[] {
  const children: readonly Field[] = [
    ...Object.entries(schema.properties ?? {}).map(([name, child]) => ({
      path: `${path}.${name}`,
      name,
      schema: child,
      required: schema.required?.includes(name) === true,
    })),
    ...(schema.items === undefined ? [] : [{ path: `${path}[]`, name: '', schema: schema.items, required: false }]),
    ...(schema.additionalProperties === undefined
      ? []
      : [{ path: `${path}[*]`, name: '', schema: schema.additionalProperties, required: false }]),
  ];
  return children.flatMap((field) => [field, ...fieldsOf(field.schema, field.path)]);
}

/** Every rule below and at a schema, with the path of the field that it names. */
export const rulesOf = (root: JsonSchema): readonly { readonly path: string; readonly rule: Validation }[] =>
  [{ path: '', schema: root }, ...fieldsOf(root)].flatMap(({ path, schema }) =>
    (schema['x-kubernetes-validations'] ?? []).map((rule) => ({ path: `${path}${rule.fieldPath ?? ''}`, rule })),
  );
