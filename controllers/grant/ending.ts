import { LONGEST_GRACE_S } from '../../api/keystone/v1alpha1/grant.policies.workloads.ts';
import type { Grant, GrantReason } from '../../api/keystone/v1alpha1/grant.ts';
import { Namespace, PersistentVolume, Pod, ResourceQuota } from '../../api/meta/builtin.ts';
import { TransientError, describe, done, isApiTrouble, waitFor, type Scope, type Step } from '../runtime/index.ts';
import { wholeSeconds } from '../runtime/timestamps.ts';
import { retainUntil } from './data.ts';
import type { Facts } from './facts.ts';
import { latchOf, phaseOf } from './policy.ts';
import { OURS, renderRetained, renderShut } from './render.ts';

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

/** First of all nothing new begins, however long the rest may take. */
export const stopNewWork: GrantStep = async (scope) => {
  for (const { metadata } of standing(scope)) {
    const quota = scope.cache.get(ResourceQuota, { namespace: metadata.name, name: OURS });
    if (quota !== undefined) await scope.client.apply(ResourceQuota, renderShut(metadata.name, quota));
  }
};

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
    try {
      await client.amend(PersistentVolume, volume, renderRetained(object, volume, retainUntil(object, volume, now)));
    } catch (error) {
      facts.unkept.add(namespace);
      facts.trouble ??= troubleWith(error, 'DataNotKept', `The volume ${volume.metadata.name} can't be kept, so its slice stays for now`);
    }
  }
};

/** A lost race or an API server in trouble is tried again; everything else somebody has to know of. */
const troubleWith = (error: unknown, reason: GrantReason, what: string): Error =>
  error instanceof Error && isApiTrouble(error) ? error : new TransientError(reason, `${what}: ${describe(error)}`, { cause: error });

/** Where data could not be kept, claims and volumes stay as they are; but what runs there ends. */
export const endWorkloads: GrantStep = async (scope) => {
  for (const { metadata } of standing(scope))
    if (scope.facts.unkept?.has(metadata.name) === true) await scope.client.deleteAll(Pod, metadata.name);
};

/** Takes away what is bygone, and everything in it: also what an earlier epoch left when its end was undone at once. */
export const releaseNamespace: GrantStep = async (scope) => {
  const { client, facts } = scope;
  for (const namespace of standing(scope)) {
    if (facts.unkept?.has(namespace.metadata.name) === true) continue;
    try {
      await client.delete(Namespace, namespace);
    } catch (error) {
      facts.trouble ??= troubleWith(error, 'NamespaceTerminating', `The namespace ${namespace.metadata.name} can't be deleted`);
    }
  }
};

/** Says what stood in the way of taking back an earlier slice, once all else is done. */
export const reportTrouble: GrantStep = async ({ facts: { trouble } }) => {
  if (trouble !== undefined) throw trouble;
};

/** Twice the longest grace that a Pod may ask for. What holds a slice longer must not hold the Grant for ever: no work begins there any more. */
const PATIENCE_MS = 2 * LONGEST_GRACE_S * 1000;

/** Waits until the slice is gone. */
export const awaitRelease: GrantStep = async (scope) => {
  const { object, facts, now, log } = scope;
  const [first] = bygone(scope);
  if (first === undefined) return reportTrouble(scope);
  const since = object.metadata.deletionTimestamp;
  if (since !== undefined && now.getTime() - Date.parse(since) > PATIENCE_MS) {
    log.warn('Let a Grant go before its namespace', {
      namespace: first.metadata.name,
      cause: describe(facts.trouble ?? 'it takes too long'),
    });
    return done;
  }
  facts.namespace = first.metadata.name;
  if (facts.trouble !== undefined) throw facts.trouble;
  const blocked = first.status?.conditions?.find(({ type, status }) => status === 'True' && BLOCKERS.has(type))?.message;
  const { name } = first.metadata;
  const why = blocked ?? `if it stays, see kubectl get pods,persistentvolumeclaims -n ${name} -o yaml for finalizers and grace periods`;
  return waitFor('NamespaceTerminating' satisfies GrantReason, `The namespace ${name} is on its way out: ${why}`, PATIENCE_MS);
};

/** The conditions in which a namespace says what keeps it. */
const BLOCKERS = new Set([
  'NamespaceContentRemaining',
  'NamespaceFinalizersRemaining',
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionContentFailure',
]);
