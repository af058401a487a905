import { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { Grant, type GrantReason } from '../../api/keystone/v1alpha1/grant.ts';
import { TerminalError, done, enough, expectNewest, requeueAt, waitFor, type Outcome, type Reader, type Step } from '../runtime/index.ts';
import { asksForMore, judgeCapacity, withoutGrowth } from './capacity.ts';
import { createClaimBook, hardOf, shareOf, type ClaimBook } from './claims.ts';
import { countedIn } from './enforcement.ts';
import type { Facts } from './facts.ts';
import { listed, withFormer, type Hard } from './hard.ts';
import { epochToCome, latchOf, nextMoment, phaseOf } from './policy.ts';
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
  async ({ object, facts, now }) => {
    const phase = phaseOf(object, now);
    // Nothing is lent here, whatever became of it where it was served.
    facts.phase = phase === 'Active' ? 'Pending' : phase;
    const namespaces = settings.grantNamespaces.join(', ');
    throw new TerminalError(
      'NamespaceNotServed' satisfies GrantReason,
      `Grants are served in the namespace ${namespaces} only: create this one there`,
    );
  };

const localIn = (cache: Reader): ClusterRegistration | undefined => cache.get(ClusterRegistration, { namespace: '', name: 'local' });

/** The name of this realm, once it has one. */
export const realmIn = (cache: Reader): string | undefined => localIn(cache)?.status?.realm;

/** Finds out whether this Grant is this realm's to give: one repository may be synced to many clusters. */
export const knowRealm: GrantStep = async ({ object, facts, cache }) => {
  const realm = realmIn(cache);
  if (realm === undefined)
    return waitFor('RealmUnknown' satisfies GrantReason, 'This realm has no name yet: see clusterregistration/local');
  facts.realm = realm;
  return realm === object.spec.grantorRealm ? done : enough;
};

/** First of all, whatever stands in the way of the rest: the clock alone will change something. */
export const heedClock: GrantStep = async ({ object, now }) => {
  const next = nextMoment(object, now);
  return next === undefined ? done : requeueAt(next, now);
};

/** Notes where the Grant is in its life. */
export const observeLife: GrantStep = async ({ object, facts, cache, now }) => {
  const { epoch, admitted } = latchOf(object);
  facts.phase = phaseOf(object, now);
  facts.epoch = epoch;
  facts.hard = hardOf(object);
  if (!admitted) return;
  const { used, letIn } = countedIn(cache, object.status?.namespace ?? '');
  facts.letIn = letIn;
  facts.hard = withFormer(facts.hard, { enforced: letIn, used: used ?? object.status?.used ?? {} });
};

/** A pure verdict over all Grants. What does not fit waits; of one that is let in, only what it asks for beyond its share. */
export function capacityStep(settings: Settings): GrantStep {
  const book = createClaimBook();
  let begun = false;
  return async ({ object, facts, cache, client, now }) => {
    // What an operator before this one has promised may not be in the cache yet. From here on, the book knows.
    if (!begun && asksForMore(hardOf(object), shareOf(object))) {
      await expectNewest(client, cache, Grant);
      await expectNewest(client, cache, ClusterRegistration);
      begun = true;
    }
    const counted = localIn(cache)?.status?.allocatable;
    // Who lends more than there is does not wait for the count.
    const allocatable = counted ?? (object.spec.overcommit === 'Allow' ? {} : undefined);
    if (allocatable === undefined) return holdBack({ object, facts, book }, 'The nodes of this realm were not counted yet');
    const mine = cache.list(Grant).filter((grant) => isOurs(grant, settings, facts.realm));
    const verdict = judgeCapacity(book.claims(mine, now), allocatable, settings.capacityReserve).get(object.metadata.uid);
    if (verdict === undefined) return done;
    facts.capacity = verdict;
    return verdict.fits ? lend({ object, facts, book }) : holdBack({ object, facts, book }, missingText(verdict.missing));
  };
}

const INSUFFICIENT = 'InsufficientCapacity' satisfies GrantReason;
/** Others' changes wake those that wait; this is for the one that was missed. */
const LOOK_AGAIN_MS = 60_000;

interface Judged {
  readonly object: Grant;
  readonly facts: Facts;
  readonly book: ClaimBook;
}

/** Persisted before any limit is raised: whoever starts anew must not lend the same room once more. What was lent goes on meanwhile. */
function lend({ object, facts, book }: Judged): Outcome {
  if (!asksForMore(hardOf(object), shareOf(object))) return done;
  book.promise(object);
  if (!latchOf(object).admitted) return done;
  facts.promised = facts.hard ?? hardOf(object);
  facts.hard = withoutGrowth(facts.promised, shareOf(object));
  return done;
}

/** What is not lent yet waits; of what is lent, only the growth does, at the end of the pass. */
function holdBack({ object, facts, book }: Judged, why: string): Outcome {
  book.withdraw(object);
  if (!latchOf(object).admitted) return waitFor(INSUFFICIENT, why, LOOK_AGAIN_MS);
  facts.hard = withoutGrowth(facts.hard ?? hardOf(object), shareOf(object));
  if (asksForMore(hardOf(object), shareOf(object))) facts.heldBack = why;
  return done;
}

/** Says at the end what capacityStep found: what was lent goes on meanwhile. */
export const awaitRoom: GrantStep = async ({ facts: { heldBack, promised } }) => {
  if (promised !== undefined) return waitFor('Progressing' satisfies GrantReason, 'More is lent from now on: the limits follow', 0);
  return heldBack === undefined ? done : waitFor(INSUFFICIENT, `${heldBack}. What was lent goes on`, LOOK_AGAIN_MS);
};

/** Whether a Grant takes of this realm: it is its to give and served here, or was let in when this realm had another name. */
export const isOurs = (grant: Grant, settings: Settings, realm: string | undefined): boolean =>
  (grant.spec.grantorRealm === realm || latchOf(grant).admitted) && isServed(grant, settings);

/** Served where Grants may be made; and one that was let in goes on to its end, wherever they may be made now. */
export const isServed = (grant: Grant, { grantNamespaces }: Settings): boolean =>
  grantNamespaces.includes(grant.metadata.namespace ?? '') || latchOf(grant).admitted;

const missingText = (missing: Hard): string =>
  `The nodes can't carry it beside what is lent or still used already and the reserve: ${listed(missing)} missing; lend less, end another Grant, or set spec.overcommit to Allow`;

/** Persists which namespace this epoch will have before it is made: whoever starts anew finds it by this promise. */
export const promiseSlice: GrantStep = async ({ object, facts }) => {
  const epoch = epochToCome(object);
  const known = latchOf(object).admitted ? object.status?.namespace : undefined;
  const isKept = known === sliceName(object, epoch);
  // A status that came with a backup tells of another object's slice: that epoch is none of this one's.
  facts.epoch = known === undefined || isKept ? epoch : epoch + 1;
  facts.namespace = sliceName(object, facts.epoch);
  if (isKept) return done;
  return waitFor('NamespaceCreating' satisfies GrantReason, `The namespace ${facts.namespace} is about to be made`, 0);
};
