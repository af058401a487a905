import { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { Grant, type GrantReason } from '../../api/keystone/v1alpha1/grant.ts';
import { TerminalError, done, enough, requeueAt, waitFor, type Reader, type Step } from '../runtime/index.ts';
import { judgeCapacity, type Claim } from './capacity.ts';
import type { Facts } from './facts.ts';
import { effectiveHard, type Hard } from './hard.ts';
import { latchOf, nextMoment, phaseOf } from './policy.ts';
import { sliceName } from './slice.ts';

/** What the room is told once, when the operator starts. */
export interface Settings {
  readonly grantNamespaces: readonly string[];
  readonly capacityReserve: number;
}

type GrantStep = Step<Grant, Facts>;

/** Whoever may write a Grant lends this realm's resources: that is a matter of a few namespaces. */
export const refuseNamespace =
  (settings: Settings): GrantStep =>
  async () => {
    const namespaces = settings.grantNamespaces.join(', ');
    throw new TerminalError(
      'NamespaceNotServed' satisfies GrantReason,
      `Grants are served in the namespace ${namespaces} only: create this one there`,
    );
  };

/** The name of this realm, once it has one. */
export const realmIn = (cache: Reader): string | undefined =>
  cache.get(ClusterRegistration, { namespace: '', name: 'local' })?.status?.realm;

/** Finds out whether this Grant is this realm's to give: one repository may be synced to many clusters. */
export const knowRealm: GrantStep = async ({ object, facts, cache }) => {
  const realm = realmIn(cache);
  if (realm === undefined)
    return waitFor('RealmUnknown' satisfies GrantReason, 'This realm has no name yet: see clusterregistration/local');
  facts.realm = realm;
  return realm === object.spec.grantorRealm ? done : enough;
};

/** Notes where the Grant is in its life, and when the clock alone will change that. */
export const observeLife: GrantStep = async ({ object, facts, now }) => {
  facts.phase = phaseOf(object, now);
  facts.epoch = latchOf(object).epoch;
  facts.hard = effectiveHard(object.spec.hard);
  const next = nextMoment(object, now);
  return next === undefined ? done : requeueAt(next, now);
};

/** A pure verdict over all Grants; what was let in counts at once, before the cache shows it. */
export function capacityStep(settings: Settings): GrantStep {
  const letIn = new Map<string, number>();
  return async ({ object, facts, cache, now }) => {
    const allocatable = cache.get(ClusterRegistration, { namespace: '', name: 'local' })?.status?.allocatable ?? {};
    const mine = cache.list(Grant).filter((grant) => isOurs(grant, settings, facts.realm));
    forgetShown(letIn, mine);
    const claims = mine.flatMap((grant) => claimOf(grant, letIn, now));
    const verdict = judgeCapacity(claims, allocatable, settings.capacityReserve).get(object.metadata.uid);
    if (verdict === undefined) return done;
    facts.capacity = verdict;
    const { admitted, epoch } = latchOf(object);
    if (verdict.fits && !admitted) letIn.set(object.metadata.uid, epoch);
    return verdict.fits || admitted ? done : waitFor('InsufficientCapacity' satisfies GrantReason, missingText(verdict.missing));
  };
}

/** What the cache shows need not be remembered. */
function forgetShown(letIn: Map<string, number>, grants: readonly Grant[]): void {
  for (const grant of grants) if (latchOf(grant).admitted) letIn.delete(grant.metadata.uid);
}

/** Whether a Grant is this realm's to give at all: not another's, and none from a namespace in which none are served. */
export const isOurs = ({ metadata, spec }: Grant, { grantNamespaces }: Settings, realm: string | undefined): boolean =>
  spec.grantorRealm === realm && grantNamespaces.includes(metadata.namespace ?? '');

/** What a Grant claims of the nodes; nothing once it is over. */
function claimOf(grant: Grant, letIn: ReadonlyMap<string, number>, now: Date): readonly Claim[] {
  const phase = phaseOf(grant, now);
  if (phase === 'Revoked' || phase === 'Expired') return [];
  const { metadata, spec } = grant;
  const latch = latchOf(grant);
  const admitted = latch.admitted || letIn.get(metadata.uid) === latch.epoch;
  const createdAt = metadata.creationTimestamp ?? '';
  return [{ uid: metadata.uid, createdAt, hard: hardOf(grant), admitted, overcommits: spec.overcommit === 'Allow' }];
}

/** The same object has the same limits: a thousand Grants are judged again for each one of them. */
const hardByObject = new WeakMap<Grant, Hard>();
function hardOf(grant: Grant): Hard {
  const held = hardByObject.get(grant) ?? effectiveHard(grant.spec.hard);
  hardByObject.set(grant, held);
  return held;
}

const missingText = (missing: Hard): string =>
  `The nodes can't carry it beside the older Grants: ${Object.entries(missing)
    .map(([name, amount]) => `${amount} ${name}`)
    .join(', ')} missing; shrink it, revoke another, or set spec.overcommit to Allow`;

/** Persists which namespace this epoch will have before it is made: whoever starts anew finds it by this promise. */
export const promiseSlice: GrantStep = async ({ object, facts }) => {
  const { epoch, ended, admitted } = latchOf(object);
  // What ended does not come back: a new epoch has a new namespace, and nothing of the old one.
  const next = ended ? epoch + 1 : epoch;
  facts.epoch = next;
  facts.namespace = sliceName(object, next);
  if (admitted && object.status?.namespace === facts.namespace) return done;
  return waitFor('NamespaceCreating' satisfies GrantReason, `The namespace ${facts.namespace} is about to be made`, 0);
};
