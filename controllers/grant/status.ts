import type { Grant, GrantReason } from '../../api/keystone/v1alpha1/grant.ts';
import { defineStatus, type Halt, type Moment, type Verdict } from '../runtime/conditions.ts';
import type { Facts } from './facts.ts';
import { freeOf, overused, wantsBandwidth, type Hard } from './hard.ts';
import { expiresSoon, type Phase } from './policy.ts';
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
    return {
      ready: yes('NotGrantor', `This is ${facts.realm}; the Grant is ${object.spec.grantorRealm}'s to give and has no effect here`),
    };
  }
  const phase = facts.phase ?? object.status?.phase ?? 'Pending';
  const waits = phase === 'Active' && moment.halt?.reason === 'InsufficientCapacity';
  return {
    phase: waits ? 'Pending' : phase,
    ...(isOver(phase) ? whatWasLent(facts, object) : whatIsLent(facts, object)),
    ready: readyOf(object, phase),
    also: { Usable: usableOf(facts, moment, phase), ...progressOf(facts, moment, phase), ...warningsOf(facts, moment, phase) },
  };
});

const isOver = (phase: Phase): boolean => phase === 'Revoked' || phase === 'Expired';

/** The limits and their use; what a pass did not get to see is shown as it was. */
function whatIsLent(facts: Facts, { spec, status }: Grant) {
  const { epoch, hard } = basisOf(facts, status);
  const used = facts.used ?? status?.used ?? {};
  const lent = { epoch, hard, used, free: freeOf(hard, used), summary: summaryOf(spec, hard, used) };
  return { ...lent, ...namespaceOf(facts.namespace ?? status?.namespace), ...endOf(epoch, facts, status) };
}

/** What was lent, and the namespace for as long as it is there. */
function whatWasLent(facts: Facts, { spec, status }: Grant) {
  const { epoch, hard } = basisOf(facts, status);
  return { epoch, hard, summary: summaryOf(spec, hard, {}), ...namespaceOf(facts.namespace), ...endOf(epoch, facts, status) };
}

const basisOf = (facts: Facts, status: Grant['status']): { readonly epoch: number; readonly hard: Hard } => ({
  epoch: facts.epoch ?? status?.epoch ?? 1,
  hard: facts.hard ?? status?.hard ?? {},
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
      return yes('InForce', `${spec.granteeRealm} may use what is lent`);
    case 'Revoked':
      return yes('Revoked', 'The owner took the slice back');
    case 'Expired':
      return yes('Expired', `The validity ended at ${validUntil}`);
    default:
      return yes('NotYetValid', `The validity begins at ${validFrom}`);
  }
}

/** Whether the guest can begin something new right now. */
function usableOf({ quotaEnforced }: Facts, { object, halt }: Moment<Grant>, phase: Phase): Verdict {
  if (phase !== 'Active') return { ...readyOf(object, phase), status: 'False' };
  if (halt !== undefined) return { status: 'False', reason: halt.reason, message: halt.message };
  if (quotaEnforced !== true) return no('QuotaPending', 'The limits are not in force yet');
  if (object.spec.cordoned) return no('Cordoned', 'What runs goes on, nothing new begins: spec.cordoned is set');
  return yes('InForce', 'New work is let in up to the limits');
}

/** How far the slice is; only where one is wanted. */
function progressOf(
  { capacity, namespaceReady, namespace = '', quotaEnforced, networkIsolated }: Facts,
  { halt }: Moment<Grant>,
  phase: Phase,
): Readonly<Record<string, Verdict>> {
  if (phase !== 'Active') return {};
  return {
    ...(capacity === undefined ? {} : { CapacityAvailable: capacityOf(capacity, halt) }),
    ...(namespaceReady === true ? { NamespaceReady: yes('NamespaceReady', `The namespace is ${namespace}`) } : {}),
    ...(networkIsolated === true
      ? { NetworkIsolated: yes('NetworkIsolated', 'Closed but for names, the slice itself and what the Grant opens') }
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

function capacityOf(capacity: NonNullable<Facts['capacity']>, halt: Halt | undefined): Verdict {
  if (halt?.reason === 'InsufficientCapacity') return { status: 'False', reason: halt.reason, message: halt.message };
  if (capacity.fits) return yes('CapacityAvailable', 'The nodes can carry it beside the others');
  const missing = Object.entries(capacity.missing)
    .map(([name, amount]) => `${amount} ${name}`)
    .join(', ');
  return no(
    'NodesLost',
    `The nodes can no longer carry all Grants; of this one, among the newest, ${missing} have no place, and nothing is evicted for it`,
  );
}

/** What a human may want to look at although all is in force. */
function warningsOf({ hard = {}, used = {} }: Facts, { object, now }: Moment<Grant>, phase: Phase): Readonly<Record<string, Verdict>> {
  if (phase !== 'Active') return {};
  const beyond = overused(hard, used);
  const realms = realmsOf(object);
  return {
    ...(beyond.length === 0
      ? {}
      : {
          OverQuota: yes(
            'OverQuota',
            `More is used than lent: ${beyond.join(', ')}; what runs goes on, nothing new begins until it is less`,
          ),
        }),
    ...(expiresSoon(object, now)
      ? { ExpiringSoon: yes('ExpiringSoon', `The validity ends at ${object.spec.validity?.validUntil ?? ''}`) }
      : {}),
    ...(wantsBandwidth(hard)
      ? { BandwidthEnforced: no('BandwidthUnsupported', 'Nothing limits bandwidth here yet: the value is kept and has no effect') }
      : {}),
    ...(realms.length === 0
      ? {}
      : { DestinationsResolved: no('DestinationUnresolved', `The addresses of ${realms.join(', ')} are not known yet: they stay closed`) }),
  };
}
