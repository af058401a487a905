import { expect } from 'chai';
import * as fc from 'fast-check';
import { judgeCapacity, type Claim } from './capacity.ts';

const claim = (uid: string, cpu: string, more: Partial<Claim> = {}): Claim => ({
  uid,
  createdAt: `2030-01-01T00:00:0${uid}Z`,
  hard: { 'requests.cpu': cpu, 'limits.cpu': '1000', 'requests.storage': '1000Ti' },
  admitted: false,
  overcommits: false,
  ...more,
});
const fitting = (claims: readonly Claim[], cpu: string, reserve = 0): readonly string[] =>
  [...judgeCapacity(claims, { cpu }, reserve)]
    .filter(([, verdict]) => verdict.fits)
    .map(([uid]) => uid)
    .toSorted();

describe('the verdict on capacity', () => {
  const cases: { name: string; given: readonly Claim[]; cpu: string; reserve?: number; want: readonly string[] }[] = [
    { name: 'all that fit', given: [claim('1', '2'), claim('2', '2')], cpu: '4', want: ['1', '2'] },
    { name: 'the older of two that race for the last CPU', given: [claim('2', '2'), claim('1', '2')], cpu: '3', want: ['1'] },
    {
      name: 'a small newer one beside a large older one that does not fit',
      given: [claim('1', '9'), claim('2', '1')],
      cpu: '4',
      want: ['2'],
    },
    { name: 'who was let in before who is older', given: [claim('1', '3'), claim('2', '3', { admitted: true })], cpu: '4', want: ['2'] },
    { name: 'less than the nodes can carry, by the reserve', given: [claim('1', '4')], cpu: '4', reserve: 10, want: [] },
    {
      name: 'who lends more than there is, knowingly, at nobody’s cost',
      given: [claim('1', '99', { overcommits: true }), claim('2', '4')],
      cpu: '4',
      want: ['1', '2'],
    },
    { name: 'nothing where there are no nodes', given: [claim('1', '1')], cpu: '0', want: [] },
    { name: 'who asks for nothing, even there', given: [claim('1', '0')], cpu: '0', want: ['1'] },
    {
      name: 'after the loss of a node the older of those that are in',
      given: [claim('1', '2', { admitted: true }), claim('2', '2', { admitted: true })],
      cpu: '3',
      want: ['1'],
    },
    {
      name: 'nobody new into what a marked one still holds',
      given: [claim('1', '3', { admitted: true }), claim('2', '1')],
      cpu: '2',
      want: [],
    },
  ];
  for (const { name, given, cpu, reserve, want } of cases)
    it(`lets in ${name}`, () => expect(fitting(given, cpu, reserve)).to.deep.equal(want));

  it('says what is missing', () => {
    const verdict = judgeCapacity([claim('1', '3'), claim('2', '2500m')], { cpu: '4' }, 0).get('2');
    expect(verdict).to.deep.equal({ fits: false, missing: { cpu: '1500m' } });
  });

  it('is the same in whatever order the Grants are seen, and never lends more than there is', () => {
    const some = fc.uniqueArray(
      fc.record({ uid: fc.string({ minLength: 1, maxLength: 8 }), second: fc.nat(3), cpu: fc.nat(8), admitted: fc.boolean() }),
      {
        selector: ({ uid }) => uid,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(some, fc.nat(20), fc.nat(), (drawn, cpu, seed) => {
        const claims = drawn.map(({ uid, second, cpu: wants, admitted }) =>
          claim(uid, String(wants), { createdAt: `2030-01-01T00:00:0${second}Z`, admitted }),
        );
        const shuffled = claims.toSorted((a, b) => (((a.uid.codePointAt(0) ?? 0) * seed) % 7) - (((b.uid.codePointAt(0) ?? 0) * seed) % 7));
        const fits = fitting(claims, String(cpu));
        expect(fitting(shuffled, String(cpu))).to.deep.equal(fits);
        const lent = claims.filter(({ uid }) => fits.includes(uid)).reduce((sum, { hard }) => sum + Number(hard['requests.cpu']), 0);
        expect(lent).to.be.at.most(cpu);
      }),
      { numRuns: 200 },
    );
  });
});
