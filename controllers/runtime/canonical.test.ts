import { expect } from 'chai';
import * as fc from 'fast-check';
import { canonical, contains, digest, isSame } from './canonical.ts';

describe('canonical text', () => {
  it('is equal exactly for equal values, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const shuffled: unknown = JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
          typeof inner === 'object' && inner !== null && !Array.isArray(inner)
            ? Object.fromEntries(Object.entries(inner).toReversed())
            : inner,
        );
        expect(canonical(shuffled)).to.equal(canonical(value));
        expect(digest(shuffled)).to.equal(digest(value));
      }),
    );
    expect(digest({ a: 1 })).not.to.equal(digest({ a: 2 }));
  });
});

describe('sameness', () => {
  const cases: { name: string; a: unknown; b: unknown; want: boolean }[] = [
    { name: 'another order of keys', a: { a: 1, b: 2 }, b: { b: 2, a: 1 }, want: true },
    { name: 'a list of nothing', a: { a: [] }, b: {}, want: true },
    { name: 'an empty object, which selects everything', a: { a: [{ pods: {}, namespaces: {} }] }, b: { a: [{ pods: {} }] }, want: false },
    { name: 'a field inside what was empty', a: { a: { b: 1 } }, b: { a: {} }, want: false },
  ];
  for (const { name, a, b, want } of cases)
    it(`${want ? 'bears' : 'sees'} ${name}`, () => expect([isSame(a, b), isSame(b, a)]).to.deep.equal([want, want]));
});

describe('containment', () => {
  const cases: { name: string; actual: unknown; wanted: unknown; want: boolean }[] = [
    { name: 'fields that others added', actual: { a: 1, b: 2 }, wanted: { a: 1 }, want: true },
    { name: 'a list of nothing that is not there', actual: {}, wanted: { a: [] }, want: true },
    { name: 'a changed field', actual: { a: 2 }, wanted: { a: 1 }, want: false },
    { name: 'a missing field', actual: {}, wanted: { a: 1 }, want: false },
    { name: 'an element that others added to a list', actual: { a: [1, 2] }, wanted: { a: [1] }, want: false },
    {
      name: 'fields that the server added inside list elements',
      actual: { a: [{ n: 1, protocol: 'TCP' }] },
      wanted: { a: [{ n: 1 }] },
      want: true,
    },
    { name: 'what is wanted as undefined', actual: { a: 1 }, wanted: { a: 1, b: undefined }, want: true },
    { name: 'an inherited name', actual: {}, wanted: { constructor: 'x' }, want: false },
    { name: 'null in place of an object', actual: { a: null }, wanted: { a: {} }, want: false },
  ];
  for (const { name, actual, wanted, want } of cases)
    it(`${want ? 'bears' : 'sees'} ${name}`, () => expect(contains(actual, wanted)).to.equal(want));
});
