import type { Grant } from '../api/keystone/v1alpha1/grant.ts';
import type { ConfigMap } from '../api/meta/builtin.ts';

/** A ConfigMap as the API server would serve it. */
export const configMap = (
  name: string,
  resourceVersion = '1',
  more: { readonly uid?: string; readonly data?: Record<string, string>; readonly labels?: Record<string, string> } = {},
): ConfigMap => ({
  metadata: {
    name,
    namespace: 'test',
    uid: more.uid ?? `uid-${name}`,
    resourceVersion,
    ...(more.labels === undefined ? {} : { labels: more.labels }),
  },
  ...(more.data === undefined ? {} : { data: more.data }),
});

type GrantSpec = Grant['spec'];

/** A Grant of alice-home to bob-home as the API server would serve it, with what the test says of it. */
export const buildGrant = (spec: Partial<GrantSpec>, metadata: Partial<Grant['metadata']> = {}, status: Grant['status'] = {}): Grant => ({
  metadata: {
    name: 'slice',
    namespace: 'keystone-system',
    uid: 'uid-slice',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2030-01-01T00:00:00Z',
    ...metadata,
  },
  spec: {
    grantorRealm: 'alice-home',
    networkPolicy: { egressAllowed: false, allowedDestinations: [] },
    granteeRealm: 'bob-home',
    cordoned: false,
    revoked: false,
    revocation: 'Graceful',
    noticePeriod: '30s',
    overcommit: 'Deny',
    dataRetention: '168h',
    ...spec,
  },
  status,
});
