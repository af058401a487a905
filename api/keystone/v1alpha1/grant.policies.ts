import type { AdmissionPolicy } from '../../meta/policy.ts';
import { guestPolicies } from './grant.policies.guests.ts';
import { limitPolicies } from './grant.policies.limits.ts';
import { ownPolicies } from './grant.policies.own.ts';
import { podPolicies } from './grant.policies.pods.ts';
import { servicePolicies } from './grant.policies.services.ts';
import { storagePolicies } from './grant.policies.storage.ts';
import { grantWarnings } from './grant.policies.warnings.ts';
import { workloadPolicies } from './grant.policies.workloads.ts';

export {
  ALLOWED_KEYS,
  ALLOWED_LOAD_BALANCER_CLASSES,
  ALLOWED_PRIORITY_CLASSES,
  ALLOWED_RESOURCES,
  ALLOWED_RUNTIME_CLASSES,
  ALLOWED_STORAGE_CLASSES,
  BREAK_GLASS_GROUP,
  CONTROLLER_LABEL,
  GRANT_CONTROLLER,
  OPERATOR_USER,
  SLICE_LABEL,
} from './grant.slice.ts';

/** What the API server refuses in a slice, or says about a Grant, also while the operator is down. */
export const grantPolicies: readonly AdmissionPolicy[] = [
  ...limitPolicies,
  ...ownPolicies,
  ...guestPolicies,
  ...servicePolicies,
  ...podPolicies,
  ...workloadPolicies,
  ...storagePolicies,
  ...grantWarnings,
];
