import { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { Grant, type GrantCondition } from '../../api/keystone/v1alpha1/grant.ts';
import { LimitRange, Namespace, NetworkPolicy, ResourceQuota, StorageClass } from '../../api/meta/builtin.ts';
import {
  type Reader,
  allow,
  anyOf,
  byOwnerLabel,
  defineController,
  deletionStarted,
  generationChanged,
  keyOf,
  mapTo,
} from '../runtime/index.ts';
import { confirmEnforced, ensureNamespace, isolateNetwork, limitResources } from './enforcement.ts';
import { awaitRelease, endWorkloads, keepData, recordEnd, releaseNamespace, reportTrouble, stopNewWork } from './ending.ts';
import type { Facts } from './facts.ts';
import { lostGrant } from './lost.ts';
import { grantGauges } from './metrics.ts';
import { claimChanged, countsAnew, isLeaving, isUnsettled, onlyUsageChanged, phaseOf, realmChanged, type Phase } from './policy.ts';
import { grantStatus } from './status.ts';
import {
  awaitRoom,
  capacityStep,
  heedClock,
  isOurs,
  isServed,
  knowRealm,
  observeLife,
  promiseSlice,
  realmIn,
  refuseNamespace,
  type Settings,
} from './steps.ts';

/** A quota changes with everything that a guest does. As often as people look, and rarely beside the guest's own writes. */
const USAGE_MS = 2_000;

const allServed =
  (settings: Settings) =>
  (_: unknown, cache: Reader): readonly string[] =>
    cache
      .list(Grant)
      .filter((grant) => isServed(grant, settings))
      .map(keyOf);

/** A Grant lends a slice of this realm to another realm: one namespace, natively limited. */
export function grantController(settings: Settings) {
  const clearBygone = [stopNewWork, keepData, endWorkloads, releaseNamespace];
  const ending = [recordEnd, ...clearBygone, awaitRelease];
  const enforce = [ensureNamespace, limitResources, isolateNetwork, confirmEnforced];
  /** What is done in each phase, in order, once it is known whose the Grant is. */
  const plans: Readonly<Record<Phase, typeof enforce>> = {
    Pending: [...clearBygone, reportTrouble],
    Active: [...clearBygone, capacityStep(settings), promiseSlice, ...enforce, awaitRoom, reportTrouble],
    Revoked: ending,
    Expired: ending,
  };
  return defineController<Grant, Facts>({
    name: 'grant',
    for: Grant,
    when: anyOf(generationChanged, deletionStarted),
    // A Grant that ends or shrinks makes room for those that wait, whoever or whatever ended it.
    rivals: {
      when: claimChanged,
      whom: (changed, cache, previous) =>
        isServed(changed, settings)
          ? cache
              .list(Grant)
              .filter((grant) => isServed(grant, settings) && (isUnsettled(grant) || countsAnew(changed, previous)))
              .map(keyOf)
          : [],
    },
    owns: [
      byOwnerLabel(ResourceQuota, { calm: { ms: USAGE_MS, of: onlyUsageChanged }, stays: true }),
      byOwnerLabel(LimitRange, { stays: true }),
      byOwnerLabel(Namespace),
      byOwnerLabel(NetworkPolicy),
    ],
    watches: [mapTo(ClusterRegistration, allServed(settings), {}, realmChanged), mapTo(StorageClass, allServed(settings))],
    rbac: [allow('', ['persistentvolumes'], ['list', 'patch']), allow('', ['pods'], ['deletecollection'])],
    // The steps mostly wait for the API server; who is let in is decided without waiting, so that passes may overlap.
    concurrency: 4,
    facts: () => ({}),
    plan: (grant, now) => {
      const then = [observeLife, ...plans[phaseOf(grant, now)]];
      // What was let in goes on to its end, whatever this realm is called and wherever Grants are served by then.
      if (isLeaving(grant, now)) return [heedClock, ...then];
      return isServed(grant, settings) ? [heedClock, knowRealm, ...then] : [...clearBygone, reportTrouble, refuseNamespace(settings)];
    },
    ending,
    lost: lostGrant,
    // What was begun is held to its end, whatever this realm is called by then.
    concernsUs: (grant, cache) => grant.status?.namespace !== undefined || isOurs(grant, settings, realmIn(cache)),
    status: grantStatus,
    warns: ['OverQuota', 'ExpiringSoon'] satisfies GrantCondition[],
    gauges: grantGauges(settings),
  });
}
