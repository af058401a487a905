import { canonical } from '../runtime/canonical.ts';
import { excessOf } from './capacity.ts';
import type { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import type { ResourceQuota } from '../../api/meta/builtin.ts';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';

/** Where a Grant is in its life, for people and for the choice of a plan. */
export type Phase = 'Pending' | 'Active' | 'Revoked' | 'Expired';

/** What already happened and must not be forgotten, from the status. */
export interface Latch {
  /** Counts the slices that this Grant has had: each has a namespace of its own. */
  readonly epoch: number;
  /** Whether this epoch has ended: then only a new one can begin. */
  readonly ended: boolean;
  /** Whether a slice was promised in this epoch: capacity is not asked again. */
  readonly admitted: boolean;
}

/** The latch that a Grant's status holds; a new Grant is in its first epoch. */
export function latchOf({ status }: Grant): Latch {
  const epoch = status?.epoch ?? 1;
  const ended = (status?.ended?.epoch ?? 0) >= epoch;
  // The namespace of what ended may be there for a while yet: that lets nobody in.
  return { epoch, ended, admitted: !ended && status?.namespace !== undefined };
}

/** The epoch that a slice made now would be of: what ended does not come back. */
export function epochToCome(grant: Grant): number {
  const { epoch, ended } = latchOf(grant);
  return ended ? epoch + 1 : epoch;
}

/** Whether what a Grant claims of the nodes may have changed: by its owner, or by the clock, which shows in the status alone. */
export const claimChanged = (previous: Grant, next: Grant): boolean =>
  previous.metadata.generation !== next.metadata.generation || canonical(claimIn(previous)) !== canonical(claimIn(next));

/** Whether a Grant that took nothing from the others' guarantee takes its share now: then also those that had room may have none. */
export const countsAnew = (changed: Grant, previous: Grant | undefined): boolean =>
  previous?.spec.overcommit === 'Allow' && changed.spec.overcommit !== 'Allow';

const claimIn = ({ status, metadata: { deletionTimestamp } }: Grant) =>
  [
    status?.phase,
    status?.namespace,
    status?.ended,
    status?.hard,
    // Also what runs on after a shrink, until it ends.
    excessOf(status?.hard ?? {}, status?.used ?? {}),
    deletionTimestamp,
  ].map((part) => part ?? null);

/** Whether what Grants depend on has changed: whose realm it is, and what its nodes can carry. */
export const realmChanged = ({ status: previous }: ClusterRegistration, { status: next }: ClusterRegistration): boolean =>
  previous?.realm !== next?.realm || canonical(previous?.allocatable ?? null) !== canonical(next?.allocatable ?? null);

/** Whether of a quota nothing has changed but how much of it is used. */
export const onlyUsageChanged = (previous: ResourceQuota, next: ResourceQuota): boolean =>
  canonical(limitsIn(previous)) === canonical(limitsIn(next));

const limitsIn = ({ metadata: { labels, annotations, deletionTimestamp }, spec, status }: ResourceQuota) =>
  [labels, annotations, deletionTimestamp, spec, status?.hard].map((part) => part ?? null);

/** Whether a Grant may be waiting for room: all but those that say of their present spec that it fits, or are over. */
export const isUnsettled = ({ metadata, status }: Grant): boolean =>
  !isOver(status?.phase) &&
  status?.conditions?.some(
    ({ type, status: is, observedGeneration }) =>
      type === 'CapacityAvailable' && is === 'True' && observedGeneration === metadata.generation,
  ) !== true;

/** Ours: others' hold a Grant for reasons of their own. */
const FINALIZER = 'keystone.io/grant';

/** Whether a Grant is over and something of it may still be there. */
export const isLeaving = (grant: Grant, now: Date): boolean =>
  (grant.metadata.finalizers ?? []).includes(FINALIZER) && isOver(phaseOf(grant, now));

/** Whether nothing is lent any more. */
export const isOver = (phase: Phase | undefined): boolean => phase === 'Revoked' || phase === 'Expired';

/** Decides the phase from what the owner asks, what already happened and the clock. No I/O: policy.test.ts is the whole truth. */
export function phaseOf(grant: Grant, now: Date): Phase {
  const { metadata, spec } = grant;
  if (spec.revoked || metadata.deletionTimestamp !== undefined) return 'Revoked';
  const { validFrom, validUntil } = spec.validity ?? {};
  // An end that can't be read is over: what can't be limited in time is not lent.
  if (validUntil !== undefined && (!(now < new Date(validUntil)) || hasExpired(grant, validUntil))) return 'Expired';
  // What has begun goes on: a beginning that is put off afterwards must not leave a slice that nobody looks after.
  return validFrom !== undefined && now < new Date(validFrom) && !latchOf(grant).admitted ? 'Pending' : 'Active';
}

/** Whether this end was seen to come: a clock that goes back, or that of another replica, does not undo it. A later end does. */
function hasExpired(grant: Grant, validUntil: string): boolean {
  const last = grant.status?.ended;
  return latchOf(grant).ended && last?.reason === 'Expired' && !(Date.parse(last.at) < wholeSecond(validUntil));
}
/** What is recorded has no fractions. */
const wholeSecond = (moment: string): number => Math.floor(Date.parse(moment) / 1000) * 1000;

/** The next moment at which the clock alone changes something; undefined if there is none. */
export function nextMoment({ spec }: Grant, now: Date): string | undefined {
  const { validFrom, validUntil } = spec.validity ?? {};
  const end = Date.parse(validUntil ?? '');
  const soon = Number.isNaN(end) ? undefined : new Date(end - SOON_MS).toISOString();
  return [validFrom, soon, validUntil].find((moment) => moment !== undefined && now < new Date(moment));
}

/** How long before its end a Grant says that it will end: a week is time to talk. */
export const SOON_MS = 7 * 24 * 3_600_000;

/** Whether the end is near enough to say so. */
export const expiresSoon = ({ spec: { validity } }: Grant, now: Date): boolean =>
  validity?.validUntil !== undefined && now.getTime() >= Date.parse(validity.validUntil) - SOON_MS && now < new Date(validity.validUntil);
