import type { JsonSchema } from '../../api/meta/json-schema.ts';
import type { Field } from './fields.ts';

/** A rule that looks at one field by itself. */
export interface FieldRule {
  readonly rule: string;
  /** Whether a field may be let off for a written reason. */
  readonly exemptible?: true;
  /** What is wrong, as a sentence without a period; undefined if nothing is. */
  readonly check: (field: Field) => string | undefined;
}

const isInt = (format: string | undefined): boolean => format === 'int32' || format === 'int64';
const isIntOrString = (schema: JsonSchema): boolean => schema['x-kubernetes-int-or-string'] === true;
const says = (broken: boolean, sentence: string): string | undefined => (broken ? sentence : undefined);
const propertyNames = (schema: JsonSchema): readonly string[] => Object.keys(schema.properties ?? {});

/** The conventions of single fields. */
export const FIELD_RULES: readonly FieldRule[] = [
  {
    rule: 'structural',
    check: ({ schema }) => says(schema.type === undefined && !isIntOrString(schema), 'has no type, so the schema is not structural'),
  },
  {
    rule: 'closed',
    check: ({ schema }) =>
      says(schema['x-kubernetes-preserve-unknown-fields'] === true, 'keeps unknown fields: a typing error would go unnoticed'),
  },
  {
    rule: 'field-name',
    check: ({ name }) => says(name !== '' && !/^[a-z][A-Za-z0-9]*$/.test(name), 'is not written in camelCase'),
  },
  {
    rule: 'description',
    check: ({ name, schema }) =>
      says(name !== '' && !(schema.description ?? '').startsWith(`${name} `), `needs a description that starts with "${name}"`),
  },
  {
    rule: 'bounded-string',
    check: ({ schema }) => says((schema.type === 'string' || isIntOrString(schema)) && schema.maxLength === undefined, 'needs maxLength'),
  },
  {
    rule: 'bounded-list',
    check: ({ schema }) => says(schema.type === 'array' && schema.maxItems === undefined, 'needs maxItems'),
  },
  {
    rule: 'bounded-map',
    check: ({ schema }) => says(schema.additionalProperties !== undefined && schema.maxProperties === undefined, 'needs maxProperties'),
  },
  {
    rule: 'list-type',
    check: ({ schema }) => {
      const kind = schema['x-kubernetes-list-type'];
      if (schema.type !== 'array') return says(kind !== undefined, 'has a list type, yet is no list');
      if (kind === undefined) return 'needs x-kubernetes-list-type, or server-side apply merges it wrongly';
      return says(kind === 'map' && (schema['x-kubernetes-list-map-keys'] ?? []).length === 0, 'is a list map without keys');
    },
  },
  { rule: 'no-float', check: ({ schema }) => says(schema.type === 'number', 'is a float, whose text form differs between languages') },
  {
    rule: 'integer-format',
    check: ({ schema }) => says(schema.type === 'integer' && !isInt(schema.format), 'must have the format int32 or int64'),
  },
  {
    rule: 'no-bool',
    exemptible: true,
    check: ({ schema }) =>
      says(schema.type === 'boolean', 'is a boolean, which can never have a third value: use an enumeration or write down why not'),
  },
  {
    rule: 'no-map',
    exemptible: true,
    check: ({ schema }) => says(schema.additionalProperties !== undefined, 'is a map: use a list of named objects or write down why not'),
  },
  {
    rule: 'enum-case',
    check: ({ schema }) => {
      const odd = (schema.enum ?? []).filter((value) => !/^[A-Z][A-Za-z0-9]*$/.test(value));
      return says(odd.length > 0, `has values that are not CamelCase: ${odd.join(', ')}`);
    },
  },
  {
    rule: 'reference-name',
    check: ({ name, schema }) => {
      if (/(?:Reference|Refs?)$/.test(name)) return referenceFault(name, schema);
      return says(
        name !== '' && schema.type === 'object' && propertyNames(schema).join(',') === 'name',
        'names another object, so its own name must end in Ref',
      );
    },
  },
  {
    rule: 'presence',
    check: ({ path, schema, required }) => {
      if (required && schema.default !== undefined) return 'is required and has a default: one of the two is never used';
      if (required && /^\.status\.[^.]+$/.test(path)) return 'is required, yet nobody can give it before the controller has looked';
      const unknown = (schema.required ?? []).filter((name) => !propertyNames(schema).includes(name));
      return says(unknown.length > 0, `requires fields that do not exist: ${unknown.join(', ')}`);
    },
  },
  {
    rule: 'immutable',
    check: ({ schema }) => {
      const announced = /\bimmutable\b/i.test(schema.description ?? '');
      const kept = (schema['x-kubernetes-validations'] ?? []).some(({ rule }) => /\boldSelf\b/.test(rule));
      const fixed = (schema['x-kubernetes-validations'] ?? []).some(({ rule }) => rule === 'self == oldSelf');
      if (announced && !kept) return 'is called immutable, but no CEL rule over oldSelf keeps it so';
      return says(fixed && !announced, 'is immutable by CEL, but its description does not say so');
    },
  },
];

function referenceFault(name: string, schema: JsonSchema): string | undefined {
  if (name.endsWith('Reference')) return 'ends in Reference: the convention is Ref';
  if (name.endsWith('Refs')) return says(schema.type !== 'array', 'ends in Refs, yet is no list');
  return says(
    schema.type !== 'object' || schema.required?.includes('name') !== true,
    'ends in Ref, so it must be an object with a required name',
  );
}
