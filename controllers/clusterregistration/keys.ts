import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { NewKeys } from './identity.ts';

/** Two fresh private keys: one proves who speaks, to the other things are sealed. */
export function generateKeys(): NewKeys {
  const pem = ({ privateKey }: { readonly privateKey: KeyObject }): string =>
    privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { signing: pem(generateKeyPairSync('ed25519')), sealing: pem(generateKeyPairSync('x25519')) };
}
