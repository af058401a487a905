import { Namespace, PersistentVolume } from '../../api/meta/builtin.ts';
import type { Grant, GrantReason } from '../../api/keystone/v1alpha1/grant.ts';
import { done, waitFor, type Step } from '../runtime/index.ts';
import type { Facts } from './facts.ts';
import { retainUntil } from './data.ts';
import { latchOf, phaseOf } from './policy.ts';
import { renderRetained } from './render.ts';

type GrantStep = Step<Grant, Facts>;

/** Persists that this epoch is over before anything is taken away: what has begun to end does not come back. */
export const recordEnd: GrantStep = async ({ object, facts, now }) => {
  const { epoch, ended } = latchOf(object);
  const reason = phaseOf(object, now) === 'Expired' ? 'Expired' : 'Revoked';
  facts.ended =
    ended && object.status?.ended !== undefined ? object.status.ended : { epoch, reason, at: now.toISOString().replace(/\.\d+/, '') };
  return ended ? done : waitFor('Ending' satisfies GrantReason, 'The slice is about to be taken back', 0);
};

/** Keeps the guest's data: a volume outlives its claim, and says whose it was and until when it stays. */
export const keepData: GrantStep = async ({ object, cache, client, now }) => {
  const slices = new Set(cache.ownedBy(Namespace, object).map(({ metadata }) => metadata.name));
  for (const volume of cache.list(PersistentVolume)) {
    if (!slices.has(volume.spec?.claimRef?.namespace ?? '')) continue;
    await client.amend(PersistentVolume, volume, renderRetained(object, volume, retainUntil(object, volume, now)));
  }
};

/** A namespace that something holds must not hold the Grant for ever: it goes on ending by itself. */
const PATIENCE_MS = 300_000;

/** Takes the slice away, and everything in it. */
export const releaseNamespace: GrantStep = async ({ object, facts, cache, client, now, log }) => {
  const left = cache.ownedBy(Namespace, object);
  for (const namespace of left) if (namespace.metadata.deletionTimestamp === undefined) await client.delete(Namespace, namespace);
  const [first] = left;
  if (first === undefined) return done;
  const since = object.metadata.deletionTimestamp;
  if (since !== undefined && now.getTime() - Date.parse(since) > PATIENCE_MS) {
    log.warn('Let a Grant go before its namespace', { namespace: first.metadata.name });
    return done;
  }
  facts.namespace = first.metadata.name;
  const blocked = first.status?.conditions?.find(({ type, status }) => status === 'True' && BLOCKERS.has(type))?.message;
  const why = blocked === undefined ? '' : `: ${blocked}`;
  return waitFor('NamespaceTerminating' satisfies GrantReason, `The namespace ${first.metadata.name} is on its way out${why}`, PATIENCE_MS);
};

/** The conditions in which a namespace says what keeps it. */
const BLOCKERS = new Set([
  'NamespaceContentRemaining',
  'NamespaceFinalizersRemaining',
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionContentFailure',
]);
