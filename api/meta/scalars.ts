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
export const LONGEST_QUANTITY = 64;

/**
 * Sign, whole part, fraction, fraction without a whole part, and unit: what the API server reads, less what only it takes for a number,
 * such as `m`, and exponents of many digits, at which it would work for minutes.
 */
export const QUANTITY_FORM = '^([+-]?)(?:([0-9]+)(?:[.]([0-9]*))?|[.]([0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?$';

/** CEL: whether a text or number is an amount. Ask before quantity(), and never isQuantity(), which tries to read any exponent. */
export const isAmount = (of: string): string => `string(${of}).matches('${QUANTITY_FORM}')`;

/** Instead of the usual pattern, whose refusal nobody can read. */
const AMOUNT: Validation = {
  rule: isAmount('self'),
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

/** RFC 3339 with nanoseconds and an offset takes 35 characters; a little more, so that it is our sentence that tells what is wrong. */
const LONGEST_TIME = 40;

const CLOCK = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?';
const OFFSET = '(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)';

/** CEL: whether a text is a time that JavaScript, Go and CEL read alike. An offset must not lead beyond the year 9999, where CEL ends. */
const isTime = (of: string): string =>
  `${of}.matches('^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T${CLOCK}${OFFSET}$') && !format.date().validate(${of}.substring(0, 10)).hasValue() && (${of} < '9999' || ${of}.endsWith('Z'))`;

/** Instead of the format date-time, which takes `,5Z` and `+99:99` for times and refuses the rest in words that nobody can read. */
const TIME: Validation = {
  rule: isTime('self'),
  message: 'a time is written as 2030-01-01T00:00:00Z, or with an offset as 2030-01-01T02:00:00+02:00',
};

/** A moment that a person writes, as an RFC 3339 string; in CEL it is text until timestamp() has read it. */
export const dateTime = <Optional extends boolean = false>(options: Common<string, Optional>): Made<string, Optional> =>
  piece({ type: 'string', maxLength: LONGEST_TIME, 'x-kubernetes-validations': [TIME] }, options);

/** CEL: whether two times of an object are in order; one that is absent, or is no time, is not judged. */
export const inOrder = (from: string, until: string): string =>
  `!has(self.${from}) || !has(self.${until}) || ![self.${from}, self.${until}].all(t, ${isTime('t')}) || timestamp(self.${from}) < timestamp(self.${until})`;

/** A moment that a program writes; the format is what other programs know it by. */
export const timestamp = <Optional extends boolean = false>(options: Common<string, Optional>): Made<string, Optional> =>
  piece({ type: 'string', format: 'date-time', maxLength: LONGEST_TIME }, options);

/** Whether a field is a moment, whoever writes it. */
export const isMoment = (json: JsonSchema): boolean =>
  json.format === 'date-time' || (json['x-kubernetes-validations'] ?? []).some(({ rule }) => rule === TIME.rule);

/** One of a few CamelCase words; more may be added later, so readers keep a default branch. */
export const enumeration = <const Values extends readonly string[], Optional extends boolean = false>(
  values: Values,
  options: Common<Values[number], Optional>,
): Made<Values[number], Optional> =>
  piece({ type: 'string', enum: values, maxLength: Math.max(...values.map((value) => value.length)) }, options);
