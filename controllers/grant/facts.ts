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
  hard?: Hard;
  capacity?: CapacityVerdict;
  /** Why more is asked for than is lent. */
  heldBack?: string;
  /** The namespace that is promised, and whether it is there. */
  namespace?: string;
  namespaceReady?: boolean;
  /** The storage classes that claims may name. */
  storageClasses?: readonly string[];
  quotaEnforced?: boolean;
  networkIsolated?: boolean;
  used?: Hard;
  /** The end of this epoch, once it is decided. */
  ended?: NonNullable<NonNullable<Grant['status']>['ended']>;
}
