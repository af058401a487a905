import { createHash } from 'node:crypto';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';

/** A namespace's name is a DNS label. */
const LONGEST = 63;

/**
 * The namespace of a Grant in one epoch: readable first, then enough of a hash that no two Grants and no two epochs share one,
 * not even when a Grant is made anew under its name while the old namespace is still on its way out.
 */
export function sliceName({ metadata, spec }: Grant, epoch: number): string {
  const hash = createHash('sha256').update(`${metadata.uid}/${epoch}`).digest('hex').slice(0, 8);
  const readable = `grant-${spec.granteeRealm}-${metadata.name}`.replace(/[^a-z0-9-]/g, '-').slice(0, LONGEST - hash.length - 1);
  return `${readable.replace(/-+$/, '')}-${hash}`;
}
