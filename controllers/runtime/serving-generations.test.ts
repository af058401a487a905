import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { array, assert, integer, property } from 'fast-check';
import { fakeClock } from '../../test/doubles/clock.ts';
import {
  fromData,
  issueGeneration,
  nextMoment,
  renewalDue,
  renewed,
  settleMs,
  toData,
  toShow,
  type Generation,
} from './serving-generations.ts';
import { createTrustMemory } from './serving-trust.ts';

const HOST = 'hook.ns.svc';
const DAY = 86_400_000;
const LIFETIME = 90 * DAY;
const start = new Date('2030-01-01T00:00:00Z');
const after = (days: number): Date => new Date(start.getTime() + days * DAY);
/** Without the cost of a key: only the dates count here. */
const made = (day: number, forDays = 90): Generation => ({
  ca: `ca of day ${day}`,
  cert: `cert of day ${day}`,
  key: '',
  validity: { from: new Date(after(day).getTime() - 3_600_000), until: after(day + forDays) },
});
const those = (days: readonly number[]): readonly Generation[] => days.map((day) => made(day));

describe('certificates that follow each other', () => {
  const cases: { name: string; there: readonly number[]; day: number; want: readonly number[] }[] = [
    { name: 'the first is made at once', there: [], day: 0, want: [0] },
    { name: 'one that is young stays alone', there: [0], day: 59.9, want: [0] },
    { name: 'one of two thirds of its life gets a successor, and stays', there: [0], day: 60, want: [0, 60] },
    { name: 'both stay while both hold', there: [0, 60], day: 89.9, want: [0, 60] },
    { name: 'one that is over goes', there: [0, 60], day: 90, want: [60] },
    { name: 'where all are over a new one is made', there: [0, 60], day: 151, want: [151] },
    { name: 'one from the future, of a clock ahead of ours, does not do for now, and stays', there: [10], day: 0, want: [10, 0] },
    { name: 'where one holds there is no need for more than one from the future', there: [0, 61], day: 59, want: [0, 61] },
  ];
  for (const { name, there, day, want } of cases)
    it(name, () => expect(renewed(those(there), after(day), LIFETIME, () => made(day))).to.deep.equal(those(want)));

  it('are followed at once where lives are to be shorter, and in time where they are to be longer', () => {
    const long = made(0);
    const short = made(1, 30);
    const asked = (there: readonly Generation[], day: number, days: number) =>
      renewed(there, after(day), days * DAY, () => made(day, days));
    expect(asked([long], 1, 30)).to.deep.equal([long, short]);
    expect(asked([long, short], 2, 30), 'and not again').to.deep.equal([long, short]);
    expect(asked([long, short], 2, 90), 'by a replica that has not heard of it').to.deep.equal([long, short]);
    expect(asked([long, short], 21, 30), 'the newest counts, not the one that holds for longest').to.deep.equal([
      long,
      short,
      made(21, 30),
    ]);
    expect(asked([short], 20, 365)).to.deep.equal([short]);
    expect(asked([short], 21, 365)).to.deep.equal([short, made(21, 365)]);
  });

  it('are not made without end by replicas whose clocks are far apart', () => {
    let there: readonly Generation[] = [made(0)];
    for (let turn = 0; turn < 10; turn++) for (const day of [58, 60, 59.9]) there = renewed(there, after(day), LIFETIME, () => made(day));
    expect(there).to.deep.equal(those([0, 60]));
  });

  it('are looked at again when something is due', () => {
    expect(nextMoment([made(0)], LIFETIME)).to.equal(after(60).getTime());
    expect(nextMoment([made(0), made(60)], LIFETIME)).to.equal(after(90).getTime());
    expect(nextMoment([], LIFETIME)).to.equal(Infinity);
    expect(nextMoment([made(1, 30), made(0)], 30 * DAY), 'by the one that lives as long as it should').to.equal(after(21).getTime());
  });

  it('are never without one that holds, nor shown before they are trusted, whatever the times at which one looks', () => {
    assert(
      property(array(integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }), (gaps) => {
        let there: readonly Generation[] = [];
        let day = 0;
        for (const gap of gaps) {
          const before = there;
          there = renewed(there, after(day), LIFETIME, () => made(day));
          const stillHold = before.filter(({ validity }) => validity.until > after(day));
          expect(there, 'no authority goes before what it signed').to.include.members(stillHold);
          expect(there.length).to.be.within(1, 2);
          day += gap;
        }
      }),
    );
  });
});

describe('the certificate that is shown', () => {
  const two = [made(0), made(60)];
  const cases: { name: string; trusted: readonly (number | undefined)[]; want: number | undefined }[] = [
    { name: 'is none while nobody is trusted', trusted: [undefined, undefined], want: undefined },
    { name: 'is the only one that is trusted', trusted: [undefined, 0], want: 60 },
    { name: 'stays the old one until everybody may have heard of the new', trusted: [DAY, 59_999], want: 0 },
    { name: 'is the new one from then on', trusted: [DAY, 60_000], want: 60 },
    { name: 'is the older one where nothing is known of the past', trusted: [0, 0], want: 0 },
  ];
  for (const { name, trusted, want } of cases)
    it(name, () => {
      const shown = toShow(two, after(61), (generation) => trusted[two.indexOf(generation)], 60_000);
      expect(shown).to.deep.equal(want === undefined ? undefined : made(want));
    });

  it('is never one that is over', () => {
    expect(toShow(two, after(90), () => DAY, 60_000)).to.deep.equal(made(60));
    expect(toShow(two, after(151), () => DAY, 60_000)).to.equal(undefined);
  });

  it('waits a minute, and less where certificates live for seconds', () => {
    expect(settleMs(LIFETIME)).to.equal(60_000);
    expect(settleMs(12_000)).to.equal(1_000);
  });
});

describe('the memory of who is trusted', () => {
  it('counts from when it first saw it, and anew where trust was lost', async () => {
    const clock = fakeClock();
    const trusted = new Set<string>();
    const memory = createTrustMemory((ca) => trusted.has(ca), clock);
    const [one, other] = [made(0), made(60)];
    memory.note([one, other]);
    expect(memory.trustedFor(one)).to.equal(undefined);
    trusted.add(one.ca);
    memory.note([one, other]);
    await clock.advance(400);
    trusted.add(other.ca);
    memory.note([one, other]);
    await clock.advance(100);
    expect([memory.trustedFor(one), memory.trustedFor(other), memory.settlesInMs(300)]).to.deep.equal([500, 100, 200]);
    trusted.delete(one.ca);
    memory.note([one, other]);
    trusted.add(one.ca);
    memory.note([one, other]);
    expect(memory.trustedFor(one)).to.equal(0);
    expect(memory.settlesInMs(0), 'nothing to wait for').to.equal(Infinity);
  });
});

describe('certificates in a Secret', () => {
  const [old, young] = [issueGeneration([HOST], start, LIFETIME), issueGeneration([HOST], after(60), LIFETIME)];

  it('come out as they went in, whatever their dates: clocks differ', () => {
    expect(fromData(toData([old, young]), [HOST])).to.deep.equal([old, young]);
    expect(fromData(toData([young, old]), [HOST])).to.deep.equal([young, old]);
  });

  it('are issued once where lives are to be shorter, also by who has a clock that is behind', () => {
    let there: readonly Generation[] = [issueGeneration([HOST], after(1), LIFETIME)];
    const behind = new Date(after(1).getTime() - 600_000);
    for (let looks = 0; looks < 5; looks += 1)
      there = fromData(toData(renewed(there, behind, DAY, () => issueGeneration([HOST], behind, DAY))), [HOST]);
    expect(there).to.have.length(2);
  });

  it('are due after two thirds of the life that they were made for, or of their own where somebody else made them', () => {
    expect(renewalDue(old.validity)).to.equal(after(60).getTime());
    expect(renewalDue({ from: start, until: after(90) }, 0)).to.equal(after(60).getTime());
  });

  it('are signed by an authority whose key nobody has any more', () => {
    expect(Object.values(toData([old])).filter((value) => Buffer.from(value, 'base64').toString().includes('PRIVATE KEY'))).to.have.length(
      1,
    );
    expect(new X509Certificate(old.cert).verify(new X509Certificate(old.ca).publicKey)).to.equal(true);
  });

  const spoilt: { name: string; data: Record<string, string>; hosts?: readonly string[] }[] = [
    { name: 'nothing', data: {} },
    { name: 'what is no certificate', data: { ...toData([old]), '1.tls.crt': 'eA==' } },
    { name: 'one without its key', data: { ...toData([old]), '1.tls.key': '' } },
    { name: 'one with the key of another', data: { ...toData([old]), '1.tls.key': toData([young])['1.tls.key'] ?? '' } },
    { name: 'one with the authority of another', data: { ...toData([old]), '1.ca.crt': toData([young])['1.ca.crt'] ?? '' } },
    { name: 'one for another name', data: toData([old]), hosts: ['other.ns.svc'] },
    { name: 'other things', data: { 'tls.crt': 'eA==', '__proto__.tls.crt': 'eA==', '9999.tls.crt': 'eA==' } },
  ];
  for (const { name, data, hosts = [HOST] } of spoilt)
    it(`are none where there is ${name}`, () => expect(fromData(data, hosts)).to.deep.equal([]));

  it('cost the good ones nothing', () => {
    expect(fromData({ ...toData([old, young]), '1.tls.key': 'eA==' }, [HOST])).to.deep.equal([young]);
  });
});
