import { expect } from 'chai';
import type { ResourceQuota } from '../../api/meta/builtin.ts';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { buildGrant } from '../../test/build.ts';
import { durationMs } from './data.ts';
import { expiresSoon, isLeaving, latchOf, nextMoment, onlyUsageChanged, phaseOf, type Phase } from './policy.ts';
import { sliceName } from './slice.ts';

const now = new Date('2030-06-01T00:00:00Z');
const past = '2030-05-01T00:00:00Z';
const soon = '2030-06-03T00:00:00Z';
const future = '2031-01-01T00:00:00Z';

const ended = { epoch: 1, reason: 'Revoked', at: past } as const;
const expired = { ...ended, reason: 'Expired' } as const;

describe('the phase of a Grant', () => {
  const cases: { name: string; given: Grant; want: Phase }[] = [
    { name: 'Active without a validity', given: buildGrant({}), want: 'Active' },
    { name: 'Active inside its validity', given: buildGrant({ validity: { validFrom: past, validUntil: future } }), want: 'Active' },
    { name: 'Active from the very moment it begins', given: buildGrant({ validity: { validFrom: now.toISOString() } }), want: 'Active' },
    { name: 'Pending before', given: buildGrant({ validity: { validFrom: future } }), want: 'Pending' },
    {
      name: 'Active once it has begun, though its beginning is put off afterwards',
      given: buildGrant({ validity: { validFrom: future } }, {}, { epoch: 1, namespace: 'grant-x' }),
      want: 'Active',
    },
    {
      name: 'Pending when it is given anew for later, though the old namespace is not gone yet',
      given: buildGrant({ validity: { validFrom: future } }, {}, { epoch: 1, namespace: 'grant-x', ended }),
      want: 'Pending',
    },
    { name: 'Expired from the very moment it ends', given: buildGrant({ validity: { validUntil: now.toISOString() } }), want: 'Expired' },
    {
      name: 'Expired with an end that nobody can read',
      given: buildGrant({ validity: { validUntil: '2031-01-01T00:00:00,5Z' } }),
      want: 'Expired',
    },
    {
      name: 'Expired when it was so by a clock that has gone back since',
      given: buildGrant(
        { validity: { validUntil: '2030-06-01T00:00:00.5Z' } },
        {},
        { epoch: 1, ended: { ...expired, at: now.toISOString() } },
      ),
      want: 'Expired',
    },
    {
      name: 'Active when its end was put off after it had come',
      given: buildGrant({ validity: { validUntil: soon } }, {}, { epoch: 1, ended: expired }),
      want: 'Active',
    },
    {
      name: 'Active when another epoch has expired',
      given: buildGrant({ validity: { validUntil: soon } }, {}, { epoch: 2, ended: { ...expired, at: future } }),
      want: 'Active',
    },
    { name: 'Revoked whatever the clock says', given: buildGrant({ revoked: true, validity: { validFrom: future } }), want: 'Revoked' },
    { name: 'Revoked rather than Expired', given: buildGrant({ revoked: true, validity: { validUntil: past } }), want: 'Revoked' },
    { name: 'Revoked while it is being deleted', given: buildGrant({}, { deletionTimestamp: past }), want: 'Revoked' },
    { name: 'Active when cordoned: what runs goes on', given: buildGrant({ cordoned: true }), want: 'Active' },
  ];
  for (const { name, given, want } of cases) it(`is ${name}`, () => expect(phaseOf(given, now)).to.equal(want));
});

describe('the clock of a Grant', () => {
  const cases: { name: string; given: Grant; want: string | undefined }[] = [
    { name: 'nothing without a validity', given: buildGrant({}), want: undefined },
    { name: 'its beginning', given: buildGrant({ validity: { validFrom: future } }), want: future },
    { name: 'a week before its end', given: buildGrant({ validity: { validUntil: future } }), want: '2030-12-25T00:00:00.000Z' },
    { name: 'its end, once that is near', given: buildGrant({ validity: { validUntil: soon } }), want: soon },
    {
      name: 'nothing with an end that nobody can read',
      given: buildGrant({ validity: { validUntil: '2031-01-01T00:00:00,5Z' } }),
      want: undefined,
    },
    { name: 'nothing once it is over', given: buildGrant({ validity: { validUntil: past } }), want: undefined },
  ];
  for (const { name, given, want } of cases) it(`waits for ${name}`, () => expect(nextMoment(given, now)).to.equal(want));

  it('warns in the last week, and not after', () => {
    expect(expiresSoon(buildGrant({ validity: { validUntil: soon } }), now)).to.equal(true);
    expect(expiresSoon(buildGrant({ validity: { validUntil: future } }), now)).to.equal(false);
    expect(expiresSoon(buildGrant({ validity: { validUntil: past } }), now)).to.equal(false);
  });
});

describe('a Grant that is over', () => {
  const held = (...finalizers: readonly string[]) => buildGrant({ revoked: true }, { finalizers: [...finalizers] });
  it('is on its way out while we hold it, whoever else may', () => {
    expect(isLeaving(held('example.com/theirs', 'keystone.io/grant'), now)).to.equal(true);
    expect(isLeaving(held('example.com/theirs'), now), 'of which we know nothing').to.equal(false);
    expect(isLeaving(buildGrant({}, { finalizers: ['keystone.io/grant'] }), now)).to.equal(false);
  });
});

describe('the latch of a Grant', () => {
  const cases = [
    { name: 'a first epoch for a new one', given: buildGrant({}), want: { epoch: 1, ended: false, admitted: false } },
    {
      name: 'a promised slice',
      given: buildGrant({}, {}, { epoch: 1, namespace: 'grant-x' }),
      want: { epoch: 1, ended: false, admitted: true },
    },
    { name: 'an epoch that is over', given: buildGrant({}, {}, { epoch: 1, ended }), want: { epoch: 1, ended: true, admitted: false } },
    {
      name: 'nobody in an epoch that is over, though its namespace is not gone yet',
      given: buildGrant({}, {}, { epoch: 1, namespace: 'grant-x', ended }),
      want: { epoch: 1, ended: true, admitted: false },
    },
    {
      name: 'a new epoch after one that is over',
      given: buildGrant({}, {}, { epoch: 2, namespace: 'grant-y', ended }),
      want: { epoch: 2, ended: false, admitted: true },
    },
  ];
  for (const { name, given, want } of cases) it(`holds ${name}`, () => expect(latchOf(given)).to.deep.equal(want));
});

describe('the name of a slice', () => {
  it('is readable, a DNS label, and another for each epoch and each Grant of the same name', () => {
    const long = buildGrant({}, { name: `a.${'very-'.repeat(40)}long.name` });
    const names = [sliceName(long, 1), sliceName(long, 2), sliceName(buildGrant({}, { name: long.metadata.name, uid: 'another' }), 1)];
    expect(new Set(names).size).to.equal(3);
    for (const name of names)
      expect(name)
        .to.match(/^grant-bob-home-[a-z0-9-]{1,}[a-z0-9]$/)
        .and.have.length.at.most(63);
  });
});

describe('a duration', () => {
  for (const [text, ms] of [
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['0s', 0],
    ['168h', 604_800_000],
  ] as const) {
    it(`${text} is ${ms} ms`, () => expect(durationMs(text)).to.equal(ms));
  }
});

describe('what changes in the quota of a slice', () => {
  const metadata = { name: 'grant', namespace: 'grant-x', uid: 'u', resourceVersion: '1', labels: { a: 'b' } };
  const quota = { metadata, spec: { hard: { pods: '4' } }, status: { hard: { pods: '4' }, used: { pods: '1' } } };
  const newer = { ...metadata, resourceVersion: '2' };
  const cases: { name: string; given: ResourceQuota; want: boolean }[] = [
    {
      name: 'is in no hurry when it is the usage',
      given: { ...quota, metadata: newer, status: { ...quota.status, used: {} } },
      want: true,
    },
    { name: 'is, when it is in force', given: { ...quota, metadata: newer, status: { ...quota.status, hard: {} } }, want: false },
    { name: 'is, when somebody edits it', given: { ...quota, metadata: newer, spec: { hard: { pods: '5' } } }, want: false },
    { name: 'is, when somebody takes its labels', given: { ...quota, metadata: { ...newer, labels: {} } }, want: false },
    { name: 'is, when it is on its way out', given: { ...quota, metadata: { ...newer, deletionTimestamp: past } }, want: false },
  ];
  for (const { name, given, want } of cases) it(name, () => expect(onlyUsageChanged(quota, given)).to.equal(want));
});
