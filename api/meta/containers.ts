import type { Fields, Infer, ObjectOf, OneOf, Schema } from './infer.ts';
import type { JsonSchema, Validation } from './json-schema.ts';
import type { Json } from './object.ts';
import { enumeration, piece, text, type Common, type Made } from './scalars.ts';

/** A CEL rule with the sentence that tells what to change when it does not hold. */
export const rule = (cel: string, message: string, options: Omit<Validation, 'rule' | 'message'> = {}): Validation => ({
  rule: cel,
  message,
  ...options,
});

/** The rule of a field that can't be changed once the object exists; `remedy` says what to do instead. */
export const immutable = (field: string, remedy: string): Validation =>
  rule('self == oldSelf', `${field} is immutable: ${remedy}`, { reason: 'FieldValueForbidden' });

type ObjectOptions<Optional extends boolean> = Common<Json, Optional>;

/** An object with these fields and no others. */
export const object = <F extends Fields, Optional extends boolean = false>(
  fields: F,
  options: ObjectOptions<Optional> = {},
): Made<ObjectOf<F>, Optional> => piece(objectJson(fields), options, exemptionsOf(fields));

/** An object that carries exactly one of these fields, which are therefore all written as optional. */
export const exactlyOne = <F extends Fields, Optional extends boolean = false>(
  fields: F,
  options: ObjectOptions<Optional>,
): Made<OneOf<F>, Optional> => {
  const names = Object.keys(fields);
  const only = rule(
    `[${names.map((name) => `has(self.${name})`).join(', ')}].filter(given, given).size() == 1`,
    `give exactly one of ${names.join(', ')}`,
  );
  return piece({ ...objectJson(fields, []), 'x-kubernetes-validations': [only] }, options, exemptionsOf(fields));
};

type ListOptions<Item extends Schema, Optional extends boolean> = Common<readonly (Infer<Item> & Json)[], Optional> & {
  readonly maxItems: number;
  readonly minItems?: number;
} & (
    | { readonly kind: 'set' | 'atomic' }
    /** Two writers may own different items: items are told apart by these fields. */
    | { readonly kind: 'map'; readonly keys: readonly Extract<keyof Infer<Item>, string>[] }
  );

/** A list of bounded length; its kind says how server-side apply merges it. */
export const list = <Item extends Schema, Optional extends boolean = false>(
  item: Item,
  options: ListOptions<Item, Optional>,
): Made<readonly Infer<Item>[], Optional> => {
  const array = { type: 'array', 'x-kubernetes-list-type': options.kind, items: item.json } as const;
  if (options.kind !== 'map') {
    const { kind: _, ...rest } = options;
    return piece(array, rest, below('[]', item));
  }
  const { kind: _, keys, ...rest } = options;
  return piece({ ...array, 'x-kubernetes-list-map-keys': keys }, rest, below('[]', item));
};

interface MapOptions<V, Optional extends boolean> extends Common<Readonly<Record<string, V & Json>>, Optional> {
  readonly maxProperties: number;
  readonly minProperties?: number;
  /** Why this is not a list of named objects, which is what the API conventions prefer. */
  readonly because: string;
}

/** Free names to values of one shape, bounded in number. */
export const map = <Value extends Schema, Optional extends boolean = false>(
  value: Value,
  { because, ...options }: MapOptions<Infer<Value>, Optional>,
): Made<Readonly<Record<string, Infer<Value>>>, Optional> =>
  piece({ type: 'object', additionalProperties: value.json }, options, { '': because, ...below('[*]', value) });

/** Kubernetes' bounds: a prefix of 253, a slash, a name of 63; values have 63. */
const LONGEST_LABEL_KEY = 317;
const LONGEST_LABEL = 63;

/** metav1.LabelSelector. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

interface DescribedOptions<Optional extends boolean> {
  readonly optional?: Optional;
}

/** A selector over labels, in Kubernetes' own form. What an empty one selects must be said in the description. */
export const labelSelector = <Optional extends boolean = false>(
  description: string,
  options: DescribedOptions<Optional> = {},
): Made<LabelSelector, Optional> => {
  const value = text({ maxLength: LONGEST_LABEL });
  const expression = object({
    key: text({ maxLength: LONGEST_LABEL_KEY, minLength: 1, description: 'key is the label that is looked at.' }),
    operator: enumeration(['In', 'NotIn', 'Exists', 'DoesNotExist'], { description: 'operator says how the label relates to values.' }),
    values: list(value, {
      kind: 'atomic',
      maxItems: 32,
      optional: true,
      description: 'values are what In and NotIn compare with; without them the operator is Exists or DoesNotExist.',
    }),
  });
  const fields = {
    matchLabels: map(value, {
      maxProperties: 32,
      optional: true,
      because: 'labels are a map in Kubernetes too',
      description: 'matchLabels are labels that must all be there with these values; without it only matchExpressions count.',
    }),
    matchExpressions: list(expression, {
      kind: 'atomic',
      maxItems: 32,
      optional: true,
      description: 'matchExpressions must all hold; without it only matchLabels count.',
    }),
  };
  return piece({ ...objectJson(fields), 'x-kubernetes-map-type': 'atomic' }, { description, ...options }, exemptionsOf(fields));
};

const OBJECT_NAME = rule(
  '!format.dns1123Subdomain().validate(self).hasValue()',
  "an object's name has lower-case letters, digits, dashes and dots, at most 253 of them",
);

/** Names one object that lives where this one does (for a cluster-scoped one: in the operator's namespace). */
export const localRef = <Optional extends boolean = false>(
  description: string,
  options: DescribedOptions<Optional> = {},
): Made<{ readonly name: string }, Optional> => {
  const name = text({ maxLength: 253, minLength: 1, cel: [OBJECT_NAME], description: 'name is the name of that object.' });
  return piece({ ...objectJson({ name }), 'x-kubernetes-map-type': 'atomic' }, { description, ...options });
};

/** The object schema of these fields; those that must be given are listed unless the caller knows better. */
export function objectJson(fields: Fields, required: readonly string[] = requiredOf(fields)): JsonSchema {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    ...(required.length === 0 ? {} : { required }),
    ...(entries.length === 0 ? {} : { properties: Object.fromEntries(entries.map(([name, field]) => [name, field.json])) }),
  };
}

const requiredOf = (fields: Fields): readonly string[] => Object.keys(fields).filter((name) => fields[name]?.required === true);

/** The exemptions of all fields, each under its field's name. */
export const exemptionsOf = (fields: Fields): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(fields).flatMap(([name, field]) => Object.entries(below(`.${name}`, field))));

const below = (prefix: string, { because }: Schema): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(because).map(([path, reason]) => [`${prefix}${path}`, reason]));
