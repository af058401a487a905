import type { JsonSchema } from './json-schema.ts';

/** One piece of a schema: what the API server checks, and what TypeScript knows about the value. */
export interface Schema<T = unknown, Optional extends boolean = boolean> {
  readonly json: JsonSchema;
  /** Whether whoever writes the object must give it: it is neither optional nor defaulted. */
  readonly required: boolean;
  /** Written exemptions from rules of the API linter: path below this piece to the reason. */
  readonly because: Readonly<Record<string, string>>;
  /** Never set: carries T for inference. */
  readonly _type?: T;
  /** Never set: carries whether a reader may find nothing here. */
  readonly _optional?: Optional;
}

/** The pieces of an object, by serialised field name. */
export type Fields = Readonly<Record<string, Schema>>;

/** The TypeScript type of whatever a schema, a kind or a piece of one describes. */
export type Infer<S> = S extends { readonly _type?: infer T } ? T : never;

/** The names of the reasons that a kind's conditions may carry. */
export type ReasonOf<K> = K extends { readonly reasons: infer R } ? Extract<keyof R, string> : never;

/** The condition types that a kind may carry. */
export type ConditionTypeOf<K> = K extends { readonly conditions: infer C } ? Extract<keyof C, string> : never;

/** Shows the fields instead of how they were put together. */
export type Flat<T> = { readonly [K in keyof T]: T[K] };

/** Optional pieces may be absent; all others, defaulted ones among them, are there for whoever reads. */
export type ObjectOf<F extends Fields> = Flat<
  { readonly [K in keyof F as F[K] extends Schema<unknown, true> ? never : K]: Infer<F[K]> } & {
    readonly [K in keyof F as F[K] extends Schema<unknown, true> ? K : never]?: Infer<F[K]>;
  }
>;

/** Every field may be absent, as in a status that was not written yet. */
export type PartialOf<F extends Fields> = { readonly [K in keyof F]?: Infer<F[K]> };

/** Exactly one of the fields is there: which one is known as soon as it was looked at. */
export type OneOf<F extends Fields> = {
  readonly [K in keyof F]: Flat<{ readonly [P in K]: Infer<F[P]> } & { readonly [P in Exclude<keyof F, K>]?: never }>;
}[keyof F];
