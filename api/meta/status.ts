import { exemptionsOf, list, object, objectJson } from './containers.ts';
import type { Fields, PartialOf, Schema } from './infer.ts';
import type { Validation } from './json-schema.ts';
import type { Condition, ConditionedStatus } from './object.ts';
import { enumeration, int64, piece, text, timestamp } from './scalars.ts';

/** What a condition type or a reason tells, for people and for the docs. */
export interface ConditionMeaning {
  /** `positive` ones are good when True; `abnormal` ones exist only while True. */
  readonly polarity: 'positive' | 'abnormal';
  readonly means: string;
}

/** What one reason tells and what its reader should do. */
export interface ReasonMeaning {
  readonly means: string;
  readonly remedy: string;
}

/** The status before a controller has seen the object: tools must not take its silence for success. */
export const UNSEEN = { observedGeneration: -1 };

/** metav1.Condition with our bounds; its own type is in object.ts because controllers of all kinds share it. */
const condition: Schema<Condition> = object({
  type: text({
    maxLength: 64,
    minLength: 1,
    pattern: '^[A-Z][A-Za-z0-9]*$',
    description: 'type names the aspect that this condition is about.',
  }),
  status: enumeration(['True', 'False', 'Unknown'], { description: 'status is True, False or Unknown.' }),
  observedGeneration: int64({
    minimum: 0,
    description: 'observedGeneration is the generation of the spec that this condition was made for.',
  }),
  lastTransitionTime: timestamp({ description: 'lastTransitionTime is when status last changed from one value to another.' }),
  reason: text({
    maxLength: 64,
    minLength: 1,
    pattern: '^[A-Z][A-Za-z0-9]*$',
    description: 'reason says in one word why; the docs list every one with what to do.',
  }),
  message: text({ maxLength: 1024, description: 'message says for people what is the case and, if something is wrong, what to change.' }),
});

interface StatusOptions<Cell extends string> {
  /** Composed texts for columns, such as 2/4: field name to description. */
  readonly summary?: Readonly<Record<Cell, string>>;
  readonly cel?: readonly Validation[];
}

/** A summary is a cell of a table. */
const LONGEST_SUMMARY = 64;

/** A status that every tool can read; all its fields may be absent, since the object exists before its controller looks at it. */
export function conditioned<F extends Fields, Cell extends string = never>(
  fields: F,
  { summary, cel = [] }: StatusOptions<Cell> = {},
): Schema<ConditionedStatus & PartialOf<F> & { readonly summary?: { readonly [K in Cell]?: string } }, true> {
  const cells = Object.entries<string>(summary ?? {}).map(([name, description]) => [
    name,
    text({ maxLength: LONGEST_SUMMARY, optional: true, description }),
  ]);
  const all: Fields = {
    conditions: list(condition, {
      kind: 'map',
      keys: ['type'],
      maxItems: 32,
      description: 'conditions tell what is the case, one per type; Ready is the one to wait for.',
    }),
    observedGeneration: int64({
      minimum: -1,
      description: 'observedGeneration is the generation that was dealt with to its end; -1 before the first time.',
    }),
    ...fields,
    ...(cells.length === 0
      ? {}
      : {
          summary: object(Object.fromEntries(cells), {
            description: 'summary holds texts made for the columns of kubectl get; never build logic on them.',
          }),
        }),
  };
  return piece(
    objectJson(all, []),
    { description: 'status is what the operator observed; only the operator writes it.', optional: true, default: UNSEEN, cel },
    exemptionsOf(all),
  );
}
