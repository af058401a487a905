import type { Grant, GrantCondition, GrantReason } from '../../api/keystone/v1alpha1/grant.ts';
import { defineStatus, type Moment, type Verdict } from '../runtime/conditions.ts';
import type { Facts } from './facts.ts';
import { withEnforced } from './capacity.ts';
import { cordonedHard, freeOf, isNeeded, lacked, lendsStorage, listed, overused, wantsBandwidth, type Hard } from './hard.ts';
import { expiresSoon, isOver, latchOf, type Phase } from './policy.ts';
import { realmsOf } from './render.ts';
import { summaryOf } from './summary.ts';

type GrantVerdict = Verdict<GrantReason>;
const yes = (reason: GrantReason, message: string): GrantVerdict => ({ status: 'True', reason, message });
const no = (reason: GrantReason, message: string): GrantVerdict => ({ status: 'False', reason, message });

/** Ready says that what the spec and the clock ask for is in force; whether the slice can be used is a condition of its own. */
export const grantStatus = defineStatus<Grant, Facts>((facts, moment) => {
  const { object } = moment;
  // Of another realm: nothing is done here, and that is as it should be.
  if (facts.realm !== undefined && facts.realm !== object.spec.grantorRealm) {
    return { ...whatWasBegun(object), ready: yes('NotGrantor', notGrantor(facts.realm, object)) };
  }
  const phase = lifeOf(facts, object);
  return {
    phase: isKeptWaiting(facts, moment) ? 'Pending' : phase,
    ...(isOver(phase) ? whatWasLent(facts, object) : whatIsLent(facts, object)),
    ready: readyOf(object, phase),
    also: {
      Usable: usableBefore(moment) ?? usableOf(facts, moment, phase),
      ...progressOf(facts, moment, phase),
      ...warningsOf(facts, moment, phase),
    },
  };
});

/** What was said before this realm got another name stays known: what was let in can be ended, and what is over is not forgotten. */
const whatWasBegun = ({ status }: Grant) =>
  status?.hard === undefined
    ? {}
    : {
        phase: status.phase ?? 'Active',
        ...basisOf({}, status),
        ...namespaceOf(status.namespace),
        ...endOf(status.epoch ?? 1, {}, status),
      };

function notGrantor(realm: string, { spec, status }: Grant): string {
  const whose = `This is ${realm}; the Grant is ${spec.grantorRealm}'s to give`;
  return status?.namespace === undefined
    ? `${whose} and has no effect here`
    : `${whose}. Its slice ${status.namespace} was made when this realm had that name: it stays as it is until the Grant is revoked, expires or is deleted`;
}

const lifeOf = ({ phase }: Facts, { metadata, status }: Grant): Phase =>
  metadata.deletionTimestamp === undefined ? (phase ?? status?.phase ?? 'Pending') : 'Revoked';

/** Not let in yet, as opposed to one that has its share and waits for more. */
const isKeptWaiting = ({ phase, namespace }: Facts, { halt }: Moment<Grant>): boolean =>
  phase === 'Active' && halt?.reason === 'InsufficientCapacity' && namespace === undefined;

/** The limits and their use; what a pass did not get to see is shown as it was. */
function whatIsLent(facts: Facts, object: Grant) {
  const { spec, status } = object;
  const { epoch, hard } = basisOf(facts, status);
  const used = facts.used ?? status?.used ?? {};
  const free = freeOf(spec.cordoned ? cordonedHard(hard) : hard, used);
  const lent = { epoch, hard, used, free, summary: summaryOf(spec, hard, used) };
  return {
    ...lent,
    ...namespaceOf(facts.namespace ?? (latchOf(object).admitted ? status?.namespace : undefined)),
    ...endOf(epoch, facts, status),
  };
}

/** What was lent, whatever the spec says by now, and the namespace for as long as it is there. */
function whatWasLent(facts: Facts, { spec, status }: Grant) {
  const { epoch, hard: wanted } = basisOf(facts, status);
  const hard = status?.hard ?? wanted;
  return { epoch, hard, summary: summaryOf(spec, hard, {}), ...namespaceOf(facts.namespace), ...endOf(epoch, facts, status) };
}

const basisOf = (facts: Facts, status: Grant['status']): { readonly epoch: number; readonly hard: Hard } => ({
  epoch: facts.epoch ?? status?.epoch ?? 1,
  hard: withEnforced(facts.promised ?? facts.hard ?? status?.hard ?? {}, facts.letIn ?? {}),
});
const namespaceOf = (namespace: string | undefined) => (namespace === undefined ? {} : { namespace });

/** The end of an epoch stays until a new one begins: what was decided is not taken back by a pass that knows less. */
function endOf(epoch: number, facts: Facts, status: Grant['status']): Pick<Facts, 'ended'> {
  const ended = facts.ended ?? status?.ended;
  return ended === undefined || ended.epoch < epoch ? {} : { ended };
}

function readyOf({ spec }: Grant, phase: Phase): GrantVerdict {
  const { validFrom = '', validUntil = '' } = spec.validity ?? {};
  switch (phase) {
    case 'Active':
      if (spec.cordoned) return yes('Cordoned', CORDONED);
      return yes('InForce', `${spec.granteeRealm} may use what is lent`);
    case 'Revoked':
      return yes('Revoked', 'The owner took the slice back');
    case 'Expired':
      return yes('Expired', `The validity ended at ${validUntil}`);
    default:
      return yes('NotYetValid', `The validity begins at ${validFrom}`);
  }
}

const CORDONED = 'What runs goes on, nothing new begins: spec.cordoned is set';

/** Whether the guest can begin something new right now. */
function usableOf(facts: Facts, { object, halt }: Moment<Grant>, phase: Phase): Verdict {
  if (isOver(phase)) return { ...readyOf(object, phase), status: 'False' };
  // What a change waits for takes nothing from what is lent already.
  if (halt !== undefined && facts.limited !== true) return { status: 'False', reason: halt.reason, message: halt.message };
  if (phase === 'Pending') return { ...readyOf(object, phase), status: 'False' };
  if (facts.limited !== true) return no('QuotaPending', 'The limits are not in force yet');
  return object.spec.cordoned ? no('Cordoned', CORDONED) : roomIn(facts);
}

/** Where nobody knows whose realm this is, nothing was looked at, and what is lent goes on as it was. */
function usableBefore({ object, halt }: Moment<Grant>): Verdict | undefined {
  if (halt?.reason !== ('RealmUnknown' satisfies GrantReason) || !latchOf(object).admitted) return undefined;
  const before = object.status?.conditions?.find(({ type }) => type === ('Usable' satisfies GrantCondition));
  return before && { status: before.status, reason: before.reason, message: before.message };
}

/** Whether one Pod more could start, as far as limits go. */
function roomIn({ hard = {}, used = {} }: Facts): GrantVerdict {
  const none = lacked(hard);
  if (none.length > 0) return no('NothingLent', `No Pod can start: ${none.join(', ')} is 0. Name it in spec.hard`);
  const beyond = overused(hard, used).filter(isNeeded);
  if (beyond.length > 0) return no('OverQuota', `Nothing new begins until less is used of ${beyond.join(', ')}`);
  return yes('InForce', 'New work is let in up to the limits');
}

/** How far the slice is; only where one is wanted. */
function progressOf(
  { capacity, namespaceReady, namespace = '', quotaEnforced, networkIsolated }: Facts,
  moment: Moment<Grant>,
  phase: Phase,
): Readonly<Record<string, Verdict>> {
  if (phase !== 'Active') return {};
  return {
    ...(capacity === undefined ? {} : { CapacityAvailable: capacityOf(capacity, moment) }),
    ...(namespaceReady === true ? { NamespaceReady: yes('NamespaceReady', `The namespace is ${namespace}`) } : {}),
    ...(networkIsolated === true
      ? {
          NetworkIsolated: yes(
            'NetworkIsolated',
            'The policies are there that close it but for names, the slice itself and what the Grant opens; the cluster’s network must enforce them',
          ),
        }
      : {}),
    ...(quotaEnforced === undefined
      ? {}
      : {
          QuotaEnforced: quotaEnforced
            ? yes('QuotaEnforced', 'The API server enforces the limits')
            : no('QuotaPending', 'The quota is made and not in force yet'),
        }),
  };
}

function capacityOf({ fits, lost }: NonNullable<Facts['capacity']>, { object, halt }: Moment<Grant>): Verdict {
  if (object.spec.overcommit === 'Allow')
    return yes('CapacityAvailable', 'The owner lends more than there is, knowingly: nothing was counted for it');
  if (!fits)
    return no(
      'InsufficientCapacity',
      halt?.reason === 'InsufficientCapacity' ? halt.message : 'What is asked for beyond what is lent does not fit',
    );
  if (Object.keys(lost).length === 0) return yes('CapacityAvailable', 'The nodes can carry it beside the others');
  return no(
    'NodesLost',
    `The nodes can no longer carry all Grants; of this one, among the newest, ${listed(lost)} have no place, and nothing is evicted for it`,
  );
}

/** What a human may want to look at although all is in force. */
function warningsOf(
  { hard = {}, used = {}, storageClasses }: Facts,
  { object, now }: Moment<Grant>,
  phase: Phase,
): Readonly<Record<string, Verdict>> {
  if (phase !== 'Active') return {};
  const beyond = overused(hard, used);
  const realms = realmsOf(object);
  return {
    ...when(beyond.length > 0, 'OverQuota', () =>
      yes(
        'OverQuota',
        `More is used than lent: ${beyond.join(', ')}; what runs goes on, nothing that needs more of it begins until it is less`,
      ),
    ),
    ...when(storageClasses?.length === 0 && lendsStorage(hard), 'StorageAvailable', () =>
      no(
        'NoStorageClass',
        'Storage is lent and no class gives it: spec.hard names none, or only with 0, and the cluster has no default StorageClass that makes volumes, and deletes them with their claims',
      ),
    ),
    ...when(expiresSoon(object, now), 'ExpiringSoon', () =>
      yes('ExpiringSoon', `The validity ends at ${object.spec.validity?.validUntil ?? ''}`),
    ),
    ...when(wantsBandwidth(hard), 'BandwidthEnforced', () =>
      no('BandwidthUnsupported', 'Nothing limits bandwidth here yet: the value is kept and has no effect'),
    ),
    ...when(realms.length > 0, 'DestinationsResolved', () =>
      no('DestinationUnresolved', `The addresses of ${realms.join(', ')} are not known yet: they stay closed`),
    ),
  };
}

const when = (is: boolean, type: GrantCondition, verdict: () => GrantVerdict): Readonly<Record<string, Verdict>> =>
  is ? { [type]: verdict() } : {};
