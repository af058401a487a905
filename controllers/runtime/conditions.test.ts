import { expect } from 'chai';
import type { Condition } from '../../api/meta/object.ts';
import { settleStatus, saysAlready, type Conditioned, type Halt, type Report, type Verdict } from './conditions.ts';
import { conditionFaults } from './kstatus.ts';

const now = new Date('2030-01-01T00:00:00.123Z');
const before = '2029-01-01T00:00:00Z';

const object = (generation: number, conditions?: readonly Condition[], observedGeneration = -1): Conditioned => ({
  metadata: { name: 'o', uid: 'u', resourceVersion: '1', generation },
  status: conditions === undefined ? { observedGeneration } : { observedGeneration, conditions },
});
const condition = (type: string, status: Condition['status'], observedGeneration = 1): Condition => ({
  type,
  status,
  observedGeneration,
  reason: 'Before',
  message: 'As it was',
  lastTransitionTime: before,
});

const ready: Verdict = { status: 'True', reason: 'Settled', message: 'All is well' };
const waiting: Halt = { kind: 'waiting', reason: 'PeerMissing', message: 'The peer does not answer' };

/** The table of moments: what each ending of a pass says. */
const cases: {
  name: string;
  given: [Report<Conditioned>, Conditioned, Halt | undefined];
  want: { conditions: string[]; observedGeneration: number };
}[] = [
  { name: 'settled', given: [{ ready }, object(2), undefined], want: { conditions: ['Ready=True Settled'], observedGeneration: 2 } },
  {
    name: 'not there yet',
    given: [{ ready: { status: 'False', reason: 'Copying', message: 'Two are missing' } }, object(2), undefined],
    want: { conditions: ['Ready=False Copying', 'Reconciling=True Copying'], observedGeneration: -1 },
  },
  {
    name: 'waiting for others',
    given: [{ ready }, object(2, [], 1), waiting],
    want: { conditions: ['Ready=False PeerMissing', 'Reconciling=True PeerMissing'], observedGeneration: 1 },
  },
  {
    name: 'a failure that a retry may cure',
    given: [{ ready }, object(2, [], 1), { ...waiting, kind: 'failed' }],
    want: { conditions: ['Ready=False PeerMissing', 'Reconciling=True PeerMissing'], observedGeneration: 1 },
  },
  {
    name: 'a failure that only a human cures',
    given: [{ ready }, object(2, [], 1), { ...waiting, kind: 'terminal' }],
    want: { conditions: ['Ready=False PeerMissing', 'Stalled=True PeerMissing'], observedGeneration: 2 },
  },
  {
    name: 'on its way out',
    given: [{ ready }, object(2, [], 2), { kind: 'waiting', reason: 'Deleting', message: 'Going' }],
    want: { conditions: ['Ready=False Deleting', 'Reconciling=True Deleting'], observedGeneration: 2 },
  },
  {
    name: 'finished, so neither ready nor on its way',
    given: [{}, object(2, [condition('Ready', 'True')], 1), undefined],
    want: { conditions: [], observedGeneration: 2 },
  },
  {
    name: 'further conditions, sorted, after Ready',
    given: [{ ready, also: { Zeta: ready, Alpha: { status: 'False', reason: 'Not', message: 'Not so' } } }, object(1), undefined],
    want: { conditions: ['Ready=True Settled', 'Alpha=False Not', 'Zeta=True Settled'], observedGeneration: 1 },
  },
];

describe('a status', () => {
  for (const {
    name,
    given: [report, given, halt],
    want,
  } of cases) {
    it(`says the right thing: ${name}`, () => {
      const status = settleStatus(report, { object: given, now, halt });
      expect({
        conditions: status.conditions?.map((c) => `${c.type}=${c.status} ${c.reason}`),
        observedGeneration: status.observedGeneration,
      }).to.deep.equal(want);
      expect(conditionFaults({ ...given, status })).to.deep.equal([]);
    });
  }

  it('keeps the time of a condition that only changed its words, and renews it with its status', () => {
    const held = object(1, [condition('Ready', 'True'), condition('Fits', 'False')]);
    const { conditions = [] } = settleStatus({ ready, also: { Fits: ready } }, { object: held, now, halt: undefined });
    expect(conditions.map((c) => c.lastTransitionTime)).to.deep.equal([before, '2030-01-01T00:00:00Z']);
  });

  it('is not written again when it says the same in another order', () => {
    const status = settleStatus({ ready }, { object: object(1), now, halt: undefined });
    const served = { ...object(1), status: { conditions: status.conditions ?? [], observedGeneration: 1 } };
    expect(saysAlready(served, settleStatus({ ready }, { object: served, now: new Date(), halt: undefined }))).to.equal(true);
  });
});

describe('the rules of conditions', () => {
  const good = { ...condition('Ready', 'True'), reason: 'Settled', message: 'All is well' };
  const broken: { name: string; given: Conditioned; want: string }[] = [
    { name: 'an observedGeneration of the future', given: object(1, [good], 2), want: 'beyond' },
    {
      name: 'Reconciling and Stalled at once',
      given: object(
        1,
        [
          { ...good, status: 'False' },
          { ...good, type: 'Reconciling' },
          { ...good, type: 'Stalled' },
        ],
        1,
      ),
      want: 'at once',
    },
    { name: 'Reconciling beside Ready', given: object(1, [good, { ...good, type: 'Reconciling' }], 1), want: 'beside Ready' },
    {
      name: 'a lingering Stalled=False',
      given: object(1, [good, { ...good, type: 'Stalled', status: 'False' }], 1),
      want: 'without being True',
    },
    { name: 'not ready and no word why', given: object(1, [{ ...good, status: 'False' }], 1), want: 'neither' },
    { name: 'ready for an older generation', given: object(2, [good], 1), want: 'older generation' },
    {
      name: 'a condition of another generation',
      given: object(
        2,
        [
          { ...good, observedGeneration: 2 },
          { ...good, type: 'Fits' },
        ],
        2,
      ),
      want: 'another generation',
    },
    { name: 'a reason that is no word', given: object(1, [{ ...good, reason: 'not good' }], 1), want: 'CamelCase' },
    { name: 'a message with a period', given: object(1, [{ ...good, message: 'All is well.' }], 1), want: 'without a period' },
    { name: 'a condition twice', given: object(1, [good, good], 1), want: 'twice' },
  ];
  for (const { name, given, want } of broken) it(`find ${name}`, () => expect(conditionFaults(given).join('; ')).to.include(want));
});
