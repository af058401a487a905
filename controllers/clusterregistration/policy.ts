import type { ClusterRegistrationReason } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import type { Secret } from '../../api/meta/builtin.ts';
import { readIdentity, type Identity } from './identity.ts';

/** What is known when it is decided who this realm is. */
export interface IdentityInputs {
  /** The Secret that holds the keys, if it is there. */
  readonly secret: Secret | undefined;
  /** What the status has shown to the world, as far as it ever did. */
  readonly published: Partial<Identity>;
  /** The uid of kube-system: this cluster, and no copy of it. */
  readonly clusterID: string;
  /** KEYSTONE_REALM: names the realm once, at the very first start. */
  readonly realmSeed: string | undefined;
  /** Where the Secret lives, for messages. */
  readonly secretName: string;
}

type RefusalReason = Extract<ClusterRegistrationReason, 'RealmUnnamed' | `Identity${string}`>;

/** Hold on to an identity, make one, or say why neither can be done. */
export type IdentityDecision =
  | { readonly kind: 'hold'; readonly identity: Identity }
  | { readonly kind: 'create'; readonly realm: string }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason; readonly message: string };

/**
 * Who this realm is, or why that can't be said. An identity is made only where none was ever shown: peers trust the key,
 * so a lost one is a human's decision, never a silent new one.
 */
export function decideIdentity({ secret, published, clusterID, realmSeed, secretName }: IdentityInputs): IdentityDecision {
  const startOver = `delete Secret ${secretName} (if it is there) and then clusterregistration/local to begin with a new identity that every peer must accept anew`;
  if (secret === undefined) {
    if (published.publicKeyFingerprint !== undefined)
      return refuse('IdentityLost', `Secret ${secretName} is gone: restore it from a backup, or ${startOver}`);
    if (realmSeed === undefined)
      return refuse('RealmUnnamed', 'This realm has no name yet: set KEYSTONE_REALM on the operator, once, and restart it');
    return { kind: 'create', realm: realmSeed };
  }
  const identity = readIdentity(secret);
  if (identity === undefined)
    return refuse('IdentityCorrupt', `Secret ${secretName} holds no valid identity: restore it from a backup, or ${startOver}`);
  if (identity.clusterID !== clusterID) {
    return refuse(
      'IdentityOfAnotherCluster',
      `Secret ${secretName} belongs to the cluster ${identity.clusterID}, this one is ${clusterID}: ${startOver}`,
    );
  }
  const changed = PINNED.filter((field) => published[field] !== undefined && published[field] !== identity[field]);
  if (changed.length > 0) {
    const differs = changed.map((field) => `${field} ${identity[field]} instead of ${published[field]}`).join(', ');
    return refuse(
      'IdentityMismatch',
      `Secret ${secretName} is not the one that peers know, it gives ${differs}: restore the right one, or ${startOver}`,
    );
  }
  return { kind: 'hold', identity };
}

/** What peers may have written down: none of it may change under them. */
const PINNED = ['publicKeyFingerprint', 'publicKey', 'encryptionKey', 'realm'] as const satisfies readonly (keyof Identity)[];

const refuse = (reason: RefusalReason, message: string): IdentityDecision => ({ kind: 'refuse', reason, message });
