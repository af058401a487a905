import { DEFAULT_RETENTION } from '../../api/keystone/v1alpha1/grant.retention.ts';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import type { LostOwner } from '../runtime/index.ts';
import { wholeSeconds } from '../runtime/timestamps.ts';

/** No Grant ever has so many slices: nothing that a lost one left is of its present. */
const LAST_EPOCH = Number.MAX_SAFE_INTEGER;

/** A Grant that is gone and has left a slice, as far as that can be told: it is over, and what it did not say is as usual. */
export const lostGrant = ({ uid, name, namespace }: LostOwner, now: Date): Grant => ({
  metadata: { uid, name, ...(namespace === undefined ? {} : { namespace }), resourceVersion: '0', deletionTimestamp: wholeSeconds(now) },
  spec: {
    grantorRealm: '',
    granteeRealm: '',
    networkPolicy: { egressAllowed: false, allowedDestinations: [] },
    cordoned: true,
    revoked: true,
    revocation: 'Graceful',
    noticePeriod: '0s',
    overcommit: 'Deny',
    dataRetention: DEFAULT_RETENTION,
  },
  status: { epoch: LAST_EPOCH, ended: { epoch: LAST_EPOCH, reason: 'Revoked', at: wholeSeconds(now) } },
});
