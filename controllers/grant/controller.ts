import { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { LimitRange, Namespace, NetworkPolicy, ResourceQuota } from '../../api/meta/builtin.ts';
import { allow, anyOf, byOwnerLabel, defineController, deletionStarted, generationChanged, keyOf, mapTo } from '../runtime/index.ts';
import { confirmEnforced, ensureNamespace, isolateNetwork, limitResources } from './enforcement.ts';
import { awaitRelease, keepData, recordEnd, releaseNamespace } from './ending.ts';
import type { Facts } from './facts.ts';
import { grantGauges } from './metrics.ts';
import { latchOf, phaseOf, type Phase } from './policy.ts';
import { grantStatus } from './status.ts';
import { capacityStep, isOurs, knowRealm, observeLife, promiseSlice, realmIn, refuseNamespace, type Settings } from './steps.ts';

/** A Grant lends a slice of this realm to another realm: one namespace, natively limited. */
export function grantController(settings: Settings) {
  const clearBygone = [keepData, releaseNamespace];
  const ending = [...clearBygone, awaitRelease];
  const enforce = [ensureNamespace, limitResources, isolateNetwork, confirmEnforced];
  /** What is done in each phase, in order, once it is known whose the Grant is. */
  const plans: Readonly<Record<Phase, typeof enforce>> = {
    Pending: clearBygone,
    Active: [...clearBygone, capacityStep(settings), promiseSlice, ...enforce],
    Revoked: [recordEnd, ...ending],
    Expired: [recordEnd, ...ending],
  };
  return defineController<Grant, Facts>({
    name: 'grant',
    for: Grant,
    when: anyOf(generationChanged, deletionStarted),
    // A Grant that goes or shrinks makes room for those that wait.
    rivals: (_, cache) =>
      cache
        .list(Grant)
        .filter((grant) => !latchOf(grant).admitted)
        .map(keyOf),
    owns: [Namespace, ResourceQuota, LimitRange, NetworkPolicy].map((resource) => byOwnerLabel(resource)),
    watches: [mapTo(ClusterRegistration, (_, cache) => cache.list(Grant).map(keyOf))],
    rbac: [allow('', ['persistentvolumes'], ['list', 'patch'])],
    // The steps mostly wait for the API server; who is let in is decided without waiting, so that passes may overlap.
    concurrency: 4,
    facts: () => ({}),
    plan: (grant, now) => {
      if (!settings.grantNamespaces.includes(grant.metadata.namespace ?? '')) return [refuseNamespace(settings)];
      return [knowRealm, observeLife, ...plans[phaseOf(grant, now)]];
    },
    ending,
    concernsUs: (grant, cache) => isOurs(grant, settings, realmIn(cache)),
    status: grantStatus,
    gauges: grantGauges,
  });
}
