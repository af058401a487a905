import { expect } from 'chai';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { buildGrant } from '../../test/build.ts';
import type { Halt } from '../runtime/conditions.ts';
import { settleStatus } from '../runtime/conditions.ts';
import type { Facts } from './facts.ts';
import { effectiveHard } from './hard.ts';
import { grantStatus } from './status.ts';

const now = new Date('2030-06-01T00:00:00Z');
const HARD = { 'requests.cpu': '2', 'requests.memory': '1Gi' };

/** What a pass found in which nothing was in the way. */
const found = (more: Partial<Facts> = {}): Facts => ({
  realm: 'alice-home',
  phase: 'Active',
  epoch: 1,
  hard: effectiveHard(HARD),
  capacity: { fits: true, missing: {}, lost: {} },
  namespace: 'grant-x',
  namespaceReady: true,
  networkIsolated: true,
  storageClasses: ['fast'],
  limited: true,
  quotaEnforced: true,
  used: {},
  ...more,
});

/** `Type=Status Reason` of each condition. */
function conditionsOf(facts: Facts, object: Grant = buildGrant({ hard: HARD }), halt?: Halt): readonly string[] {
  const moment = { object, now, halt };
  const { conditions = [] } = settleStatus(grantStatus(facts, moment), moment);
  return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
}

describe('the status of a Grant', () => {
  it('says, where all is well, that it is in force, and nothing that anybody need look at', () => {
    expect(conditionsOf(found())).to.deep.equal([
      'Ready=True InForce',
      'CapacityAvailable=True CapacityAvailable',
      'NamespaceReady=True NamespaceReady',
      'NetworkIsolated=True NetworkIsolated',
      'QuotaEnforced=True QuotaEnforced',
      'Usable=True InForce',
    ]);
  });

  const cases: readonly { name: string; facts: Partial<Facts>; spec?: Partial<Grant['spec']>; says: string }[] = [
    {
      name: 'an end within a week',
      facts: {},
      spec: { validity: { validUntil: '2030-06-03T00:00:00Z' } },
      says: 'ExpiringSoon=True ExpiringSoon',
    },
    {
      name: 'storage that no class gives',
      facts: { storageClasses: [], hard: effectiveHard({ ...HARD, 'requests.storage': '1Gi' }) },
      says: 'StorageAvailable=False NoStorageClass',
    },
    { name: 'no CPU at all', facts: { hard: effectiveHard({ 'requests.memory': '1Gi' }) }, says: 'Usable=False NothingLent' },
    {
      name: 'a realm whose addresses nobody knows',
      facts: {},
      spec: { networkPolicy: { egressAllowed: true, allowedDestinations: ['realm:carol-home'] } },
      says: 'DestinationsResolved=False DestinationUnresolved',
    },
    { name: 'bandwidth', facts: { hard: { 'keystone.io/egress-bandwidth': '1M' } }, says: 'BandwidthEnforced=False BandwidthUnsupported' },
    { name: 'more use than is lent', facts: { used: { 'requests.cpu': '3' } }, says: 'OverQuota=True OverQuota' },
    {
      name: 'nodes that were lost',
      facts: { capacity: { fits: true, missing: {}, lost: { cpu: '1' } } },
      says: 'CapacityAvailable=False NodesLost',
    },
  ];
  for (const { name, facts, spec = {}, says } of cases)
    it(`tells of ${name}`, () => expect(conditionsOf(found(facts), buildGrant({ hard: HARD, ...spec }))).to.include(says));

  it('keeps Usable while a change is on its way, and not before there were limits', () => {
    const halt: Halt = { kind: 'waiting', reason: 'QuotaPending', message: 'm' };
    expect(conditionsOf(found({ quotaEnforced: false }), undefined, halt)).to.include.members([
      'Ready=False QuotaPending',
      'QuotaEnforced=False QuotaPending',
      'Usable=True InForce',
    ]);
    expect(conditionsOf(found({ quotaEnforced: false, limited: false }), undefined, halt)).to.include('Usable=False QuotaPending');
  });

  it('shows, until the API server holds it to less, all that it still lets in of what nodes carry', () => {
    const letIn = { ...effectiveHard({ 'requests.cpu': '7', 'requests.example.com/fpga': '1' }), pods: '500' };
    const moment = { object: buildGrant({ hard: HARD }), now, halt: undefined };
    const shrinking = grantStatus(found({ letIn, quotaEnforced: false }), moment);
    expect(shrinking.hard).to.include({
      'requests.cpu': '7',
      'limits.cpu': '7',
      'requests.memory': '1Gi',
      'requests.example.com/fpga': '1',
    });
    expect(shrinking.hard?.['pods'], 'no node carries those').to.equal(effectiveHard(HARD)['pods']);
    expect(grantStatus(found({ letIn: effectiveHard(HARD) }), moment).hard).to.deep.equal(effectiveHard(HARD));
  });

  it('shows what was lent once it is over, and what was begun where the realm has another name', () => {
    const status = { epoch: 2, namespace: 'grant-x', hard: effectiveHard({ 'requests.cpu': '7' }), phase: 'Active' as const };
    const moment = { object: buildGrant({ hard: HARD, revoked: true }, {}, status), now, halt: undefined };
    const ended = grantStatus({ realm: 'alice-home', phase: 'Revoked', epoch: 2, hard: effectiveHard(HARD) }, moment);
    expect(ended.hard).to.include({ 'requests.cpu': '7' });
    const foreign = grantStatus({ realm: 'alice-new' }, { ...moment, object: buildGrant({ hard: HARD }, {}, status) });
    expect(foreign).to.include({ epoch: 2, namespace: 'grant-x' });
    expect(foreign.ready).to.include({ status: 'True', reason: 'NotGrantor' });
  });
});
