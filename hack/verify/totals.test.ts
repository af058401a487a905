import { expect } from 'chai';
import { add, isGood, isTotals, NOTHING, verdict } from './totals.ts';

describe('Totals of test runs', () => {
  const cases = [
    { name: 'all passed', given: { passed: 3, failed: 0, skipped: 0 }, line: '3 passed, 0 failed', good: true },
    { name: 'some failed', given: { passed: 3, failed: 1, skipped: 0 }, line: '3 passed, 1 failed', good: false },
    { name: 'skips are told', given: { passed: 3, failed: 0, skipped: 2 }, line: '3 passed, 0 failed, 2 skipped', good: true },
    { name: 'nothing ran', given: NOTHING, line: '0 passed, 0 failed', good: false },
  ];
  for (const { name, given, line, good } of cases) {
    it(name, () => {
      expect(verdict(given)).to.equal(line);
      expect(isGood(given)).to.equal(good);
    });
  }

  it('add up', () => {
    expect(add({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })).to.deep.equal({
      passed: 11,
      failed: 22,
      skipped: 33,
    });
  });

  it('are told apart from other messages', () => {
    expect(isTotals(NOTHING)).to.equal(true);
    for (const other of [null, 'ready', { passed: 1 }]) expect(isTotals(other)).to.equal(false);
  });
});
