import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import type { Verdict as CapacityVerdict } from './capacity.ts';
import type { Hard } from './hard.ts';
import type { Phase } from './policy.ts';

/** What one pass found out about a Grant. Steps write here; status.ts alone turns it into conditions. */
export interface Facts {
  /** The name of this realm, if it has one. */
  realm?: string;
  phase?: Phase;
  epoch?: number;
  /** The limits to enforce now. */
  hard?: Hard;
  /** What is lent from now on, where that is more: persisted first, enforced in the next pass. */
  promised?: Hard;
  capacity?: CapacityVerdict;
  /** Why more is asked for than is lent. */
  heldBack?: string;
  /** The namespace that is promised, and whether it is there. */
  namespace?: string;
  namespaceReady?: boolean;
  /** The storage classes that claims may name. */
  storageClasses?: readonly string[];
  /** What the API server enforced when the pass began: what is decided in it is decided on the same. */
  inForce?: Hard;
  /** What it may have enforced, or may enforce at any moment: all that a guest may still be let in to. */
  letIn?: Hard;
  /** Whether Pods are limited at all, be it by what was lent before. */
  limited?: boolean;
  /** Whether the limits are those that are wanted. */
  quotaEnforced?: boolean;
  networkIsolated?: boolean;
  used?: Hard | undefined;
  /** Namespaces with data that could not be kept. */
  unkept?: Set<string>;
  /** What stood in the way of taking back an earlier slice: an error to throw once all else is done. */
  trouble?: Error;
  /** The end of this epoch, once it is decided. */
  ended?: NonNullable<NonNullable<Grant['status']>['ended']>;
}
