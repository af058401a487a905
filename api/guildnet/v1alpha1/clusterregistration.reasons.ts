import type { ReasonMeaning } from '../../meta/status.ts';

const RESTORE = 'restore the Secret `keystone-identity` in the namespace of the operator from a backup';
const ANEW =
  'If there is none, delete that Secret (if it is there) and then `clusterregistration/local`: the operator begins with a new identity, and every peer must enrol again.';

/** Why a ClusterRegistration is, or is not, what it should be. */
export const REASONS = {
  Registered: {
    means: 'The realm is established: its name, its keys and its cluster are known.',
    remedy: 'Nothing to do.',
  },
  IdentityEstablished: {
    means: 'The Secret with the keys is there and is the one that was made known.',
    remedy: 'Nothing to do. Keep a backup of the Secret `keystone-identity` in the namespace of the operator.',
  },
  RealmUnnamed: {
    means: 'This is the first start, and nobody has said what the realm is called.',
    remedy: 'Set KEYSTONE_REALM on the operator to a DNS label such as `alice` and restart it. The name is fixed from then on.',
  },
  IdentityLost: {
    means:
      'A fingerprint was made known, but the Secret with its keys is gone. The operator never makes a second identity by itself, since peers trust the first.',
    remedy: `To go on as the same realm, ${RESTORE}. ${ANEW}`,
  },
  IdentityCorrupt: {
    means: 'The Secret is there, but a part of it is missing or is no valid key.',
    remedy: `Delete the broken Secret and ${RESTORE}. ${ANEW}`,
  },
  IdentityMismatch: {
    means: 'The Secret holds a valid key, but not the one whose fingerprint was made known.',
    remedy: `Delete the wrong Secret and ${RESTORE}, the one with the published fingerprint. ${ANEW}`,
  },
  IdentityOfAnotherCluster: {
    means:
      'The Secret was made in another cluster and was copied here, perhaps by a restored backup. Two clusters with one identity would mislead every peer.',
    remedy:
      'Delete the Secret and then `clusterregistration/local`: this cluster begins with an identity of its own, and every peer must enrol again.',
  },
  SourceNotServed: {
    means: 'The object was stored by another version of the operator and uses a source that this version does not serve.',
    remedy: 'Upgrade the operator, or delete the registration.',
  },
} as const satisfies Readonly<Record<string, ReasonMeaning>>;
