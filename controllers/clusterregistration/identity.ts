import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Secret } from '../../api/meta/builtin.ts';

/** Who this realm is. The private halves never leave the Secret; this is what may be shown. */
export interface Identity {
  readonly realm: string;
  readonly clusterID: string;
  /** Ed25519, raw, base64: proves who speaks. */
  readonly publicKey: string;
  readonly publicKeyFingerprint: string;
  /** X25519, raw, base64: lets others seal something for this realm. */
  readonly encryptionKey: string;
}

/** The Secret that holds this realm's keys. Created once, immutable, never rewritten. */
export const IDENTITY_SECRET = 'keystone-identity';

/** The Secret's keys. Public halves are derived, so that no pair can disagree. */
const SIGNING_KEY = 'signing.key';
const SEALING_KEY = 'sealing.key';
const REALM = 'realm';
const CLUSTER_ID = 'clusterID';

/** A realm's name goes into DNS names, labels and tickets: one DNS label. */
export const REALM_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The private halves of a new identity, in PEM. */
export interface NewKeys {
  readonly signing: string;
  readonly sealing: string;
}

/** The data of the Secret of an identity. */
export function identityData(keys: NewKeys, realm: string, clusterID: string): Record<string, string> {
  const entries = { [SIGNING_KEY]: keys.signing, [SEALING_KEY]: keys.sealing, [REALM]: realm, [CLUSTER_ID]: clusterID };
  return Object.fromEntries(Object.entries(entries).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}

/** The identity that a Secret holds; undefined if any part of it is missing or is not what it should be. */
export function readIdentity(secret: Secret): Identity | undefined {
  const text = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  const realm = text(REALM);
  const clusterID = text(CLUSTER_ID);
  const signing = publicHalf(text(SIGNING_KEY), 'ed25519');
  const sealing = publicHalf(text(SEALING_KEY), 'x25519');
  if (signing === undefined || sealing === undefined || !REALM_NAME.test(realm) || clusterID === '') return undefined;
  return {
    realm,
    clusterID,
    publicKey: signing.toString('base64'),
    publicKeyFingerprint: fingerprintOf(signing),
    encryptionKey: sealing.toString('base64'),
  };
}

/** Short enough to read out over a telephone, and long enough that nobody can make another key with it. */
const fingerprintOf = (rawPublicKey: Buffer): string =>
  `SHA256:${createHash('sha256').update(rawPublicKey).digest('base64').replace(/=+$/, '')}`;

function publicHalf(pem: string, type: 'ed25519' | 'x25519'): Buffer | undefined {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The parser's message could quote the key: it goes nowhere.
    return undefined;
  }
  if (key.asymmetricKeyType !== type) return undefined;
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return x === undefined ? undefined : Buffer.from(x, 'base64url');
}
