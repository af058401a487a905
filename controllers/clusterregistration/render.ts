import type { Secret } from '../../api/meta/builtin.ts';
import type { ApplyConfig } from '../../api/meta/object.ts';
import { IDENTITY_SECRET, newIdentityData } from './identity.ts';

/** Marks the Secret for the policy that warns before it is deleted. */
export const IDENTITY_LABEL = 'keystone.io/identity';

/** The Secret of a new identity. Immutable: the API server itself refuses to rewrite it. */
export const renderIdentitySecret = (realm: string, clusterID: string, namespace: string): ApplyConfig<Secret> => ({
  metadata: { name: IDENTITY_SECRET, namespace, labels: { [IDENTITY_LABEL]: 'local' } },
  type: 'keystone.io/identity',
  immutable: true,
  data: newIdentityData(realm, clusterID),
});
