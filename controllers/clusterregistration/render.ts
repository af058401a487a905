import type { Secret } from '../../api/meta/builtin.ts';
import type { ApplyConfig } from '../../api/meta/object.ts';
import { IDENTITY_LABEL } from '../../api/guildnet/v1alpha1/clusterregistration.policies.ts';
import { IDENTITY_SECRET } from './identity.ts';

/** The Secret of a new identity. Immutable: the API server itself refuses to rewrite it. */
export const renderIdentitySecret = (namespace: string, data: Readonly<Record<string, string>>): ApplyConfig<Secret> => ({
  metadata: { name: IDENTITY_SECRET, namespace, labels: { [IDENTITY_LABEL]: 'local' } },
  type: 'keystone.io/identity',
  immutable: true,
  data,
});
