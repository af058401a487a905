import { clusterRegistrationPolicies } from './guildnet/v1alpha1/clusterregistration.policies.ts';
import { clusterRegistrationSchema } from './guildnet/v1alpha1/clusterregistration.ts';
import { grantPolicies } from './keystone/v1alpha1/grant.policies.ts';
import { grantSchema } from './keystone/v1alpha1/grant.ts';
import type { Kind } from './meta/crd.ts';
import type { AdmissionPolicy } from './meta/policy.ts';

/** Every kind there is. A new one is one line here. */
export const kinds: readonly Kind[] = [clusterRegistrationSchema, grantSchema];

/** Every admission policy that comes with the kinds. */
export const policies: readonly AdmissionPolicy[] = [...clusterRegistrationPolicies, ...grantPolicies];
