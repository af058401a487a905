import { expect } from 'chai';
import type { Condition, ConditionedStatus, K8sObject } from './object.ts';
import {
  bool,
  columns,
  conditioned,
  crd,
  dateTime,
  enumeration,
  exactlyOne,
  int32,
  int64,
  labelSelector,
  list,
  localRef,
  map,
  object,
  quantity,
  sharedConditions,
  text,
  type ConditionTypeOf,
  type Infer,
  type ReasonOf,
} from './schema.ts';

/** True only for types of which each can stand for the other: a field that is optional in one alone makes the difference. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;

/** The compiler is the test: a call does not type-check unless both types are the same. */
const same = <A, B>(...differences: Same<A, B> extends true ? [] : ['the types differ']): unknown => expect(differences).to.deep.equal([]);

const name = text({ maxLength: 63 });
const because = 'a test needs one';

describe('A schema gives the type of what it describes', () => {
  it('scalars', () => {
    same<Infer<typeof name>, string>();
    const count = int32({});
    same<Infer<typeof count>, number>();
    const size = int64({});
    same<Infer<typeof size>, number>();
    const flag = bool({ because });
    same<Infer<typeof flag>, boolean>();
    const amount = quantity({});
    same<Infer<typeof amount>, number | string>();
    const moment = dateTime({});
    same<Infer<typeof moment>, string>();
    const choice = enumeration(['Keep', 'Evict'], {});
    same<Infer<typeof choice>, 'Keep' | 'Evict'>();
  });

  it('what is optional may be absent; what has a default is there for readers', () => {
    const value = object({
      required: name,
      optional: text({ maxLength: 1, optional: true }),
      defaulted: int32({ default: 1 }),
      both: enumeration(['A', 'B'], { optional: true }),
    });
    same<
      Infer<typeof value>,
      { readonly required: string; readonly defaulted: number; readonly optional?: string; readonly both?: 'A' | 'B' }
    >();
  });

  it('containers', () => {
    const names = list(name, { kind: 'set', maxItems: 1 });
    same<Infer<typeof names>, readonly string[]>();
    const hard = map(quantity({}), { maxProperties: 1, because });
    same<Infer<typeof hard>, Readonly<Record<string, number | string>>>();
    const ports = list(object({ name, port: int32({ optional: true }) }), { kind: 'map', keys: ['name'], maxItems: 1 });
    same<Infer<typeof ports>, readonly { readonly name: string; readonly port?: number }[]>();
    const reference = localRef('x');
    same<Infer<typeof reference>, { readonly name: string }>();
    const selector = labelSelector('x');
    same<NonNullable<Infer<typeof selector>['matchLabels']>, Readonly<Record<string, string>>>();
    // @ts-expect-error -- the key of a list map must be a field of its items
    list(object({ name }), { kind: 'map', keys: ['nmae'], maxItems: 1 });
  });

  it('containers inside objects keep whether they are optional', () => {
    const value = object({ ref: localRef('x', { optional: true }), selector: labelSelector('x'), inner: object({}, { optional: true }) });
    same<'ref' extends OptionalKeys<Infer<typeof value>> ? true : false, true>();
    same<'selector' extends OptionalKeys<Infer<typeof value>> ? true : false, false>();
    same<'inner' extends OptionalKeys<Infer<typeof value>> ? true : false, true>();
  });

  it('exactly one of several', () => {
    const source = exactlyOne({ near: object({ name }), far: name }, {});
    type Source = Infer<typeof source>;
    const near: Source = { near: { name: 'a' } };
    const far: Source = { far: 'b' };
    // @ts-expect-error -- not both
    const both: Source = { near: { name: 'a' }, far: 'b' };
    // @ts-expect-error -- not none
    const none: Source = {};
    const lengthOf = (given: Source): number => (given.near === undefined ? given.far.length : given.near.name.length);
    expect([near, far, both, none].slice(0, 2).map(lengthOf)).to.deep.equal([1, 1]);
  });

  it('misspelt options are refused', () => {
    // @ts-expect-error -- maxLength is spelt wrongly
    text({ maxLenght: 1 });
    // @ts-expect-error -- a string without a bound breaks the cost budget of CEL
    text({});
    // @ts-expect-error -- a boolean needs a written reason
    bool({});
    // @ts-expect-error -- a default must be one of the values
    enumeration(['A', 'B'], { default: 'C' });
  });
});

type OptionalKeys<T> = { [K in keyof T]-?: undefined extends { [P in K]: T[P] }[K] ? K : object extends Pick<T, K> ? K : never }[keyof T];

describe('A kind gives the types that its controller needs', () => {
  const schema = crd({
    group: 'example.io',
    version: 'v1',
    kind: 'Sample',
    plural: 'samples',
    scope: 'Namespaced',
    shortNames: ['sp'],
    description: 'Sample is a sample.',
    spec: object({ size: int32({}) }),
    status: conditioned({ used: int32({}) }, { summary: { size: 'size is composed.' } }),
    columns: columns.ready().age(),
    conditions: { ...sharedConditions, Usable: { polarity: 'positive', means: 'x' } },
    reasons: { Done: { means: 'x', remedy: 'y' }, Waiting: { means: 'x', remedy: 'y' } },
  });
  type Sample = Infer<typeof schema>;

  it('its object', () => {
    same<Sample['spec'], { readonly size: number }>();
    same<Sample['metadata'], K8sObject['metadata']>();
    same<NonNullable<Sample['status']>['used'], number | undefined>();
    same<NonNullable<Sample['status']>['conditions'], readonly Condition[] | undefined>();
    const status: NonNullable<Sample['status']> = { summary: { size: '1/2' } };
    const conditioned: ConditionedStatus = status;
    expect(conditioned).to.equal(status);
  });

  it('its reasons and condition types', () => {
    same<ReasonOf<typeof schema>, 'Done' | 'Waiting'>();
    same<ConditionTypeOf<typeof schema>, 'Ready' | 'Reconciling' | 'Stalled' | 'Usable'>();
  });

  it('its resource', () => {
    expect(schema.resource).to.deep.equal({ group: 'example.io', version: 'v1', plural: 'samples', kind: 'Sample', namespaced: true });
  });
});
