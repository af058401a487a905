import { expect } from 'chai';
import * as fc from 'fast-check';
import { asksForMore, judgeCapacity, withoutGrowth, type Claim } from './capacity.ts';

const cpus = (cpu: string) => ({ 'requests.cpu': cpu, 'limits.cpu': '1000', 'requests.storage': '1000Ti' });
const claim = (uid: string, cpu: string, more: Partial<Claim> = {}): Claim => ({
  uid,
  createdAt: `2030-01-01T00:00:0${uid}Z`,
  held: {},
  used: {},
  wanted: cpus(cpu),
  overcommits: false,
  ...more,
});
const held = (cpu: string) => ({ held: cpus(cpu) });
/** Who has all that it asks for, and has its place. */
const fitting = (claims: readonly Claim[], cpu: string, reserve = 0): readonly string[] =>
  [...judgeCapacity(claims, { cpu }, reserve)]
    .filter(([, { fits, lost }]) => fits && Object.keys(lost).length === 0)
    .map(([uid]) => uid)
    .toSorted();

describe('the reserve', () => {
  const missing = (devices: string, wanted: string): object => {
    const asking = claim('1', '0', { wanted: { 'requests.example.com/gpu': wanted } });
    return judgeCapacity([asking], { 'example.com/gpu': devices }, 10).get('1')?.missing ?? expect.fail('no verdict');
  };
  const cases = [
    { name: 'leaves the only device to be lent', devices: '1', wanted: '1', want: {} },
    { name: 'leaves nine of nine', devices: '9', wanted: '9', want: {} },
    { name: 'keeps back one of ten', devices: '10', wanted: '10', want: { 'example.com/gpu': '1' } },
    { name: 'keeps back one of nineteen', devices: '19', wanted: '18', want: {} },
  ];
  for (const { name, devices, wanted, want } of cases) it(name, () => expect(missing(devices, wanted)).to.deep.equal(want));
});

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
    { name: 'who was let in before who is older', given: [claim('1', '3'), claim('2', '3', held('3'))], cpu: '4', want: ['2'] },
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
      given: [claim('1', '2', held('2')), claim('2', '2', held('2'))],
      cpu: '3',
      want: ['1'],
    },
    {
      name: 'who asks for more than it holds, if that fits beside all that is held',
      given: [claim('1', '3', held('1')), claim('2', '2', held('2'))],
      cpu: '5',
      want: ['1', '2'],
    },
    {
      name: 'nobody at the cost of what runs on after a shrink',
      given: [claim('1', '1', { ...held('1'), used: { 'requests.cpu': '4', pods: '9' } }), claim('2', '2')],
      cpu: '5',
      want: ['1'],
    },
    {
      name: 'who wants back what runs on after a shrink',
      given: [claim('1', '4', { ...held('1'), used: { 'requests.cpu': '4' } }), claim('2', '1')],
      cpu: '5',
      want: ['1', '2'],
    },
    {
      name: 'no enlargement at the cost of what a newer one holds',
      given: [claim('1', '1000', held('1')), claim('2', '2', held('2'))],
      cpu: '5',
      want: ['2'],
    },
    {
      name: 'who asks for less than it holds, and not yet anybody into what it still holds',
      given: [claim('1', '1', held('4')), claim('2', '2')],
      cpu: '5',
      want: ['1'],
    },
    {
      name: 'nobody new into what a marked one still holds',
      given: [claim('1', '3', held('3')), claim('2', '1')],
      cpu: '2',
      want: [],
    },
  ];
  for (const { name, given, cpu, reserve, want } of cases)
    it(`lets in ${name}`, () => expect(fitting(given, cpu, reserve)).to.deep.equal(want));

  it('says what is missing', () => {
    const verdict = judgeCapacity([claim('1', '3'), claim('2', '2500m')], { cpu: '4' }, 0).get('2');
    expect(verdict).to.deep.equal({ fits: false, missing: { cpu: '1500m' }, lost: {} });
    const enlarged = judgeCapacity([claim('1', '1000', held('1'))], { cpu: '8' }, 0).get('1');
    expect(enlarged).to.deep.equal({ fits: false, missing: { cpu: '992' }, lost: {} });
    const shrunken = judgeCapacity([claim('1', '3', held('3'))], { cpu: '2' }, 0).get('1');
    expect(shrunken).to.deep.equal({ fits: true, missing: {}, lost: { cpu: '1' } });
  });

  it('leaves in force what nodes already carry while an enlargement waits, and what is less or no node’s at once', () => {
    const had = { 'requests.cpu': '2', 'limits.cpu': '4', 'requests.memory': '4Gi', pods: '10' };
    const wants = { 'requests.cpu': '9', 'limits.cpu': '9', 'requests.memory': '1Gi', pods: '20', 'requests.storage': '1Ti' };
    const inForce = withoutGrowth(wants, had);
    expect(inForce).to.deep.equal({
      'requests.cpu': '2',
      'limits.cpu': '4',
      'requests.memory': '1Gi',
      pods: '20',
      'requests.storage': '1Ti',
    });
    expect([asksForMore(wants, had), asksForMore(inForce, had)]).to.deep.equal([true, false]);
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
          claim(uid, String(wants), { createdAt: `2030-01-01T00:00:0${second}Z`, ...(admitted ? held(String(wants)) : {}) }),
        );
        const shuffled = claims.toSorted((a, b) => (((a.uid.codePointAt(0) ?? 0) * seed) % 7) - (((b.uid.codePointAt(0) ?? 0) * seed) % 7));
        const fits = fitting(claims, String(cpu));
        expect(fitting(shuffled, String(cpu))).to.deep.equal(fits);
        const lent = claims.filter(({ uid }) => fits.includes(uid)).reduce((sum, { wanted }) => sum + Number(wanted['requests.cpu']), 0);
        expect(lent).to.be.at.most(cpu);
      }),
      { numRuns: 200 },
    );
  });
});
