import { Namespace, PersistentVolume } from '../../api/meta/builtin.ts';
import type { Grant, GrantReason } from '../../api/keystone/v1alpha1/grant.ts';
import { done, waitFor, type Scope, type Step } from '../runtime/index.ts';
import { wholeSeconds } from '../runtime/timestamps.ts';
import type { Facts } from './facts.ts';
import { retainUntil } from './data.ts';
import { latchOf, phaseOf } from './policy.ts';
import { renderRetained } from './render.ts';

type GrantStep = Step<Grant, Facts>;

/** Persists that this epoch is over before anything is taken away: what has begun to end does not come back. */
export const recordEnd: GrantStep = async ({ object, facts, now }) => {
  const { epoch, ended } = latchOf(object);
  const reason = phaseOf(object, now) === 'Expired' ? 'Expired' : 'Revoked';
  facts.ended = ended && object.status?.ended !== undefined ? object.status.ended : { epoch, reason, at: wholeSeconds(now) };
  return ended ? done : waitFor('Ending' satisfies GrantReason, 'The slice is about to be taken back', 0);
};

/** The slices that have no place in this Grant's present: all, unless one is promised. */
function bygone({ object, cache, now }: Scope<Grant, Facts>): readonly Namespace[] {
  const current = phaseOf(object, now) === 'Active' && latchOf(object).admitted ? object.status?.namespace : undefined;
  return cache.ownedBy(Namespace, object).filter(({ metadata }) => metadata.name !== current);
}

/**
 * Keeps the guest's data: a volume outlives its claim, and says whose it was and until when it stays. Read past every cache,
 * since the next step takes the claims away: a volume that a cache did not show yet would be deleted with its claim.
 */
export const keepData: GrantStep = async (scope) => {
  const { object, client, now } = scope;
  // One that somebody else deleted takes its claims along too.
  const deleted = scope.cache.ownedBy(Namespace, object).filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  const slices = new Set([...bygone(scope), ...deleted].map(({ metadata }) => metadata.name));
  if (slices.size === 0) return;
  for (const volume of await client.list(PersistentVolume)) {
    if (!slices.has(volume.spec?.claimRef?.namespace ?? '')) continue;
    await client.amend(PersistentVolume, volume, renderRetained(object, volume, retainUntil(object, volume, now)));
  }
};

/** Takes away what is bygone, and everything in it: also what an earlier epoch left when its end was undone at once. */
export const releaseNamespace: GrantStep = async (scope) => {
  for (const namespace of bygone(scope))
    if (namespace.metadata.deletionTimestamp === undefined) await scope.client.delete(Namespace, namespace);
};

/** Twice the longest grace that a Pod may ask for. What holds a namespace longer must not hold the Grant for ever: it goes on ending by itself. */
const PATIENCE_MS = 600_000;

/** Waits until the slice is gone. */
export const awaitRelease: GrantStep = async (scope) => {
  const { object, facts, now, log } = scope;
  const [first] = bygone(scope);
  if (first === undefined) return done;
  const since = object.metadata.deletionTimestamp;
  if (since !== undefined && now.getTime() - Date.parse(since) > PATIENCE_MS) {
    log.warn('Let a Grant go before its namespace', { namespace: first.metadata.name });
    return done;
  }
  facts.namespace = first.metadata.name;
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
