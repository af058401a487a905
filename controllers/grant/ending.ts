import { SLICE_LABEL } from '../../api/keystone/v1alpha1/grant.policies.ts';
import { LONGEST_GRACE_S } from '../../api/keystone/v1alpha1/grant.policies.workloads.ts';
import type { Grant, GrantReason } from '../../api/keystone/v1alpha1/grant.ts';
import { Namespace, PersistentVolume, Pod, ResourceQuota } from '../../api/meta/builtin.ts';
import { TransientError, describe, done, isApiTrouble, requeueAfter, waitFor, type Scope, type Step } from '../runtime/index.ts';
import { wholeSeconds } from '../runtime/timestamps.ts';
import { retainUntil } from './data.ts';
import type { Facts } from './facts.ts';
import { latchOf, phaseOf } from './policy.ts';
import { OURS, renderNamespace, renderRetained, renderShut } from './render.ts';

type GrantStep = Step<Grant, Facts>;

/** Persists that this epoch is over before anything is taken away: what has begun to end does not come back. */
export const recordEnd: GrantStep = async (scope) => {
  const { object, facts, now } = scope;
  const { epoch, ended, admitted } = latchOf(object);
  const reason = phaseOf(object, now) === 'Expired' ? 'Expired' : 'Revoked';
  facts.ended = ended && object.status?.ended !== undefined ? object.status.ended : { epoch, reason, at: wholeSeconds(now) };
  const nothingToTake = !admitted && bygone(scope).length === 0;
  return ended || nothingToTake ? done : waitFor('Ending' satisfies GrantReason, 'The slice is about to be taken back', 0);
};

/** The slices that have no place in this Grant's present: all, unless one is promised. */
function bygone({ object, cache, now }: Scope<Grant, Facts>): readonly Namespace[] {
  const current = phaseOf(object, now) === 'Active' && latchOf(object).admitted ? object.status?.namespace : undefined;
  return cache.ownedBy(Namespace, object).filter(({ metadata }) => metadata.name !== current);
}

/** Those of them that nobody deletes yet. */
const standing = (scope: Scope<Grant, Facts>): readonly Namespace[] =>
  bygone(scope).filter(({ metadata }) => metadata.deletionTimestamp === undefined);

/** Goes on with the rest when one thing is refused: what stands in the way of one slice, or of one step, must not hold up the others. */
async function attempt(facts: Facts, reason: GrantReason, what: string, act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    facts.trouble ??= troubleWith(error, reason, what);
    return false;
  }
}

/** A lost race or an API server in trouble is tried again; everything else somebody has to know of. */
const troubleWith = (error: unknown, reason: GrantReason, what: string): Error =>
  error instanceof Error && isApiTrouble(error) ? error : new TransientError(reason, `${what}: ${describe(error)}`, { cause: error });

/** First of all nothing new begins, however long the rest may take. */
export const stopNewWork: GrantStep = async (scope) => {
  const { object, cache, client, facts } = scope;
  for (const { metadata } of standing(scope)) {
    const { name } = metadata;
    await attempt(facts, 'Ending', `The namespace ${name} can't be closed`, async () => {
      // Without its label, no policy confines it, and none lets us in.
      if (metadata.labels?.[SLICE_LABEL] !== object.metadata.uid)
        await client.apply(Namespace, renderNamespace(object, name, NOTHING_OPEN));
      const quota = cache.get(ResourceQuota, { namespace: name, name: OURS });
      // One that somebody deletes is of no use any more.
      if (quota !== undefined && quota.metadata.deletionTimestamp === undefined) await client.apply(ResourceQuota, renderShut(name, quota));
    });
  }
};
const NOTHING_OPEN = { hard: {}, storageClasses: [] };

/**
 * Keeps the guest's data: a volume outlives its claim, and says whose it was and until when it stays. Read past every cache,
 * since a later step takes the claims away: a volume that a cache did not show yet would be deleted with its claim.
 */
export const keepData: GrantStep = async (scope) => {
  const { object, cache, client, facts, now } = scope;
  // One that somebody else deleted takes its claims along too.
  const deleted = cache.ownedBy(Namespace, object).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  const slices = new Set([...bygone(scope), ...deleted].map(({ metadata }) => metadata.name));
  if (slices.size === 0) return;
  facts.unkept = new Set<string>();
  for (const volume of await client.list(PersistentVolume)) {
    const namespace = volume.spec?.claimRef?.namespace ?? '';
    if (!slices.has(namespace)) continue;
    const kept = await attempt(facts, 'DataNotKept', `The volume ${volume.metadata.name} can't be kept, so its slice stays for now`, () =>
      client.amend(PersistentVolume, volume, renderRetained(object, volume, retainUntil(object, volume, now))),
    );
    if (!kept) facts.unkept.add(namespace);
  }
};

/** Where data could not be kept, claims and volumes stay as they are; but what runs there ends. */
export const endWorkloads: GrantStep = async (scope) => {
  for (const { metadata } of standing(scope)) {
    if (scope.facts.unkept?.has(metadata.name) !== true) continue;
    await attempt(scope.facts, 'Ending', `What runs in ${metadata.name} can't be ended`, () => scope.client.deleteAll(Pod, metadata.name));
  }
};

/** Takes away what is bygone, and everything in it: also what an earlier epoch left when its end was undone at once. */
export const releaseNamespace: GrantStep = async (scope) => {
  for (const namespace of standing(scope)) {
    const { name } = namespace.metadata;
    if (scope.facts.unkept?.has(name) === true) continue;
    await attempt(scope.facts, 'NamespaceTerminating', `The namespace ${name} can't be deleted`, () =>
      scope.client.delete(Namespace, namespace),
    );
  }
};

/** Says what stood in the way of taking back an earlier slice, once all else is done. */
export const reportTrouble: GrantStep = async ({ facts: { trouble } }) => {
  if (trouble !== undefined) throw trouble;
};

/** Twice the longest grace that a Pod may ask for. What holds a slice longer must not hold the Grant for ever: the slice is looked after without it. */
const PATIENCE_MS = 2 * LONGEST_GRACE_S * 1000;

/** A slice that hangs hangs for long. */
const LOOK_AGAIN_MS = 60_000;

/** Waits until the slice is gone. */
export const awaitRelease: GrantStep = async (scope) => {
  const { object, facts, log } = scope;
  const [first, ...more] = bygone(scope);
  if (first === undefined) return reportTrouble(scope);
  facts.namespace = first.metadata.name;
  if (object.metadata.deletionTimestamp !== undefined && [first, ...more].every((namespace) => isTakingTooLong(namespace, scope))) {
    log.warn('Let a Grant go before its namespace', { namespace: first.metadata.name, cause: describe(facts.trouble ?? blockerOf(first)) });
    // Where nobody is held any more, what could not be done is tried again.
    return facts.trouble === undefined ? done : requeueAfter(LOOK_AGAIN_MS);
  }
  if (facts.trouble !== undefined) throw facts.trouble;
  return waitFor(
    'NamespaceTerminating' satisfies GrantReason,
    `The namespace ${first.metadata.name} is on its way out: ${blockerOf(first)}`,
    PATIENCE_MS,
  );
};

/** Counted from when it was begun in fact, not from when it was asked for: this operator may have been away. An API server in trouble is no reason. */
function isTakingTooLong({ metadata: { deletionTimestamp } }: Namespace, { facts, now }: Scope<Grant, Facts>): boolean {
  if (isApiTrouble(facts.trouble)) return false;
  const since = deletionTimestamp ?? facts.ended?.at;
  return since !== undefined && now.getTime() - Date.parse(since) > PATIENCE_MS;
}

/** What keeps a namespace that is on its way out, as far as it says. */
export const blockerOf = ({ metadata, status }: Namespace): string =>
  status?.conditions?.find(({ type, status: is }) => is === 'True' && BLOCKERS.has(type))?.message ??
  `if it stays, see kubectl get pods,persistentvolumeclaims -n ${metadata.name} -o yaml for finalizers and grace periods`;

/** The conditions in which a namespace says what keeps it. */
const BLOCKERS = new Set([
  'NamespaceContentRemaining',
  'NamespaceFinalizersRemaining',
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionContentFailure',
]);
