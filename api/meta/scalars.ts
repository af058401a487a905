import type { Schema } from './infer.ts';
import type { JsonSchema, Validation } from './json-schema.ts';

/** What every piece of a schema may say about itself. */
export interface Common<T, Optional extends boolean> {
  /** One or more sentences; the first word is the serialised field name. Items of lists and maps go without. */
  readonly description?: string;
  /** Whoever writes the object may leave it out, and readers must expect that. */
  readonly optional?: Optional;
  /** Filled in by the API server, so readers always find a value. */
  readonly default?: T;
  readonly cel?: readonly Validation[];
}

/** What a constructor gives back. Whether it is optional is told by the options alone, never by the place where it is used. */
export type Made<T, Optional extends boolean> = Schema<T, NoInfer<Optional>>;

interface PieceOptions<Optional extends boolean> extends JsonSchema {
  readonly optional?: Optional;
  readonly cel?: readonly Validation[];
}

/** One piece of a schema: what its constructor knows, and what its user says. Which type it stands for is up to the caller. */
export function piece<T, Optional extends boolean>(
  json: JsonSchema,
  { optional, cel = [], ...keywords }: PieceOptions<Optional>,
  because: Readonly<Record<string, string>> = {},
): Made<T, Optional> {
  const rules = [...(json['x-kubernetes-validations'] ?? []), ...cel];
  // Named first, so that it stands first in the manifest.
  const { description } = keywords;
  return {
    json: {
      ...(description === undefined ? {} : { description }),
      ...json,
      ...keywords,
      ...(rules.length === 0 ? {} : { 'x-kubernetes-validations': rules }),
    },
    required: optional !== true && keywords.default === undefined,
    because,
  };
}

interface TextOptions<Optional extends boolean> extends Common<string, Optional> {
  readonly maxLength: number;
  readonly minLength?: number;
  /** A pattern is refused without a sentence; prefer a rule with one where a person may get it wrong. */
  readonly pattern?: string;
}

/** A string of bounded length. */
export const text = <Optional extends boolean = false>(options: TextOptions<Optional>): Made<string, Optional> =>
  piece({ type: 'string' }, options);

interface IntegerOptions<Optional extends boolean> extends Common<number, Optional> {
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A whole number of 32 bits. */
export const int32 = <Optional extends boolean = false>(options: IntegerOptions<Optional>): Made<number, Optional> =>
  piece({ type: 'integer', format: 'int32' }, options);

/** A whole number of 64 bits, held inside what JavaScript counts exactly. */
export const int64 = <Optional extends boolean = false>(options: IntegerOptions<Optional>): Made<number, Optional> =>
  piece({ type: 'integer', format: 'int64', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }, options);

interface BoolOptions<Optional extends boolean> extends Common<boolean, Optional> {
  /** Why two values will always be enough: a boolean cannot grow a third. */
  readonly because: string;
}

/** True or false; an enumeration is the better choice unless `because` says otherwise. */
export const bool = <Optional extends boolean = false>({ because, ...options }: BoolOptions<Optional>): Made<boolean, Optional> =>
  piece({ type: 'boolean' }, options, { '': because });

/** Several times the digits of the largest quantity that Kubernetes can hold. */
const LONGEST_QUANTITY = 64;

/** Instead of the usual pattern, whose refusal nobody can read. */
const AMOUNT: Validation = {
  rule: 'type(self) == int || isQuantity(string(self))',
  message: 'an amount is a number with or without a unit, such as 500m, 2 or 10Gi',
};

/** An amount such as 500m, 2 or 10Gi; whole numbers may come unquoted. */
export const quantity = <Optional extends boolean = false>(options: Common<number | string, Optional>): Made<number | string, Optional> =>
  piece(
    {
      // Without the usual anyOf, which says the same and turns one sentence about 0.5 into three.
      'x-kubernetes-int-or-string': true,
      maxLength: LONGEST_QUANTITY,
      'x-kubernetes-validations': [AMOUNT],
    },
    options,
  );

/** RFC 3339 with nanoseconds and an offset takes 35 characters; the format alone does not bound the fraction. */
const LONGEST_TIME = 40;

/** A moment as an RFC 3339 string. */
export const dateTime = <Optional extends boolean = false>(options: Common<string, Optional>): Made<string, Optional> =>
  piece({ type: 'string', format: 'date-time', maxLength: LONGEST_TIME }, options);

/** One of a few CamelCase words; more may be added later, so readers keep a default branch. */
export const enumeration = <const Values extends readonly string[], Optional extends boolean = false>(
  values: Values,
  options: Common<Values[number], Optional>,
): Made<Values[number], Optional> =>
  piece({ type: 'string', enum: values, maxLength: Math.max(...values.map((value) => value.length)) }, options);
