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

/** Decides the phase from what the owner asks, what already happened and the clock. No I/O: policy.test.ts is the whole truth. */
export function phaseOf(grant: Grant, now: Date): Phase {
  const { metadata, spec } = grant;
  if (spec.revoked || metadata.deletionTimestamp !== undefined) return 'Revoked';
  const { validFrom, validUntil } = spec.validity ?? {};
  if (validUntil !== undefined && now >= new Date(validUntil)) return 'Expired';
  // What has begun goes on: a beginning that is put off afterwards must not leave a slice that nobody looks after.
  return validFrom !== undefined && now < new Date(validFrom) && !latchOf(grant).admitted ? 'Pending' : 'Active';
}

/** The next moment at which the clock alone changes something; undefined if there is none. */
export function nextMoment({ spec }: Grant, now: Date): string | undefined {
  const { validFrom, validUntil } = spec.validity ?? {};
  const soon = validUntil === undefined ? undefined : new Date(Date.parse(validUntil) - SOON_MS).toISOString();
  return [validFrom, soon, validUntil].find((moment) => moment !== undefined && now < new Date(moment));
}

/** How long before its end a Grant says that it will end: a week is time to talk. */
export const SOON_MS = 7 * 24 * 3_600_000;

/** Whether the end is near enough to say so. */
export const expiresSoon = ({ spec: { validity } }: Grant, now: Date): boolean =>
  validity?.validUntil !== undefined && now.getTime() >= Date.parse(validity.validUntil) - SOON_MS && now < new Date(validity.validUntil);
