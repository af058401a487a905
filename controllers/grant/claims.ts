import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { asksForMore, withEnforced, type Claim } from './capacity.ts';
import { effectiveHard, type Hard } from './hard.ts';
import { epochToCome, latchOf, phaseOf } from './policy.ts';

/** The claims of all Grants, and what this process has promised and the cache does not show yet. */
export interface ClaimBook {
  /** Everybody's claim; nothing of those that are over or have not begun. */
  claims(grants: readonly Grant[], now: Date): readonly Claim[];
  /** Counts what the Grant asks for as its own from now on. */
  promise(grant: Grant): void;
  withdraw(grant: Grant): void;
}

/** A book in which nothing is promised. */
export function createClaimBook(): ClaimBook {
  const promises = new Map<string, { readonly epoch: number; readonly hard: Hard }>();
  const promisedTo = (grant: Grant): Hard | undefined => {
    const promise = promises.get(grant.metadata.uid);
    // Whoever wants less by now holds nothing for what it wanted before.
    return promise?.epoch === epochToCome(grant) && !asksForMore(promise.hard, hardOf(grant)) ? promise.hard : undefined;
  };
  const heldFor = (grant: Grant): Hard => {
    const promise = promisedTo(grant);
    // Who is promised more of one thing may still be let in to more of another than it asks for now.
    return promise === undefined ? shareOf(grant) : withEnforced(promise, shareOf(grant));
  };
  return {
    claims(grants, now) {
      const live = grants.filter((grant) => phaseOf(grant, now) === 'Active');
      // What the cache shows need not be remembered, nor what is over or gone.
      const open = new Set(
        live.filter((grant) => asksForMore(promisedTo(grant) ?? {}, shareOf(grant))).map(({ metadata }) => metadata.uid),
      );
      for (const uid of promises.keys()) if (!open.has(uid)) promises.delete(uid);
      return live.map((grant) => claimOf(grant, heldFor(grant)));
    },
    promise: (grant) => void promises.set(grant.metadata.uid, { epoch: epochToCome(grant), hard: hardOf(grant) }),
    withdraw: ({ metadata }) => void promises.delete(metadata.uid),
  };
}

const claimOf = (grant: Grant, held: Hard): Claim => ({
  uid: grant.metadata.uid,
  createdAt: grant.metadata.creationTimestamp ?? '',
  held,
  used: latchOf(grant).admitted ? (grant.status?.used ?? NOTHING) : NOTHING,
  wanted: hardOf(grant),
  overcommits: grant.spec.overcommit === 'Allow',
});

const NOTHING: Hard = {};
/** What a Grant has been let in with, as its status shows. */
export const shareOf = (grant: Grant): Hard => (latchOf(grant).admitted ? (grant.status?.hard ?? NOTHING) : NOTHING);

/** The same object has the same limits: a thousand Grants are judged again for each one of them. */
const hardByObject = new WeakMap<Grant, Hard>();
/** What a Grant asks for, in full. */
export function hardOf(grant: Grant): Hard {
  const held = hardByObject.get(grant) ?? effectiveHard(grant.spec.hard);
  hardByObject.set(grant, held);
  return held;
}
