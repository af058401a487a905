import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import type { Hard } from './hard.ts';

/** The composed cells of the columns. */
export interface Summary {
  readonly grantee: string;
  readonly cpu: string;
  readonly memory: string;
  readonly storage: string;
  readonly gpu: string;
  readonly egress: string;
  readonly expires: string;
}

/** What `kubectl get` shows: used of lent, and when it ends. */
export function summaryOf(spec: Grant['spec'], hard: Hard, used: Hard): Summary {
  const share = (key: string): string => `${used[key] ?? '0'}/${hard[key] ?? '0'}`;
  return {
    grantee: spec.granteeRealm,
    cpu: share('requests.cpu'),
    memory: share('requests.memory'),
    storage: share('requests.storage'),
    gpu: share('requests.nvidia.com/gpu'),
    egress: egressOf(spec),
    // A column of type date shows <invalid> for a moment in the future.
    expires: spec.validity?.validUntil?.replace(/T.*/, '') ?? 'Never',
  };
}

function egressOf({ networkPolicy: { egressAllowed, allowedDestinations } }: Grant['spec']): string {
  if (!egressAllowed || allowedDestinations.length === 0) return 'None';
  return allowedDestinations.length === 1 ? '1 destination' : `${allowedDestinations.length} destinations`;
}
