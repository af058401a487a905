import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { formatQuantity, sumQuantities, type Quantity } from '../runtime/quantity.ts';
import type { Hard } from './hard.ts';
import { isCidr } from './render.ts';

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
    gpu: gpusOf(hard, used),
    egress: egressOf(spec),
    // A column of type date shows <invalid> for a moment in the future.
    expires: spec.validity?.validUntil?.replace(/T.*/, '') ?? 'Never',
  };
}

/** Whatever their vendors call them: their quotas all end so. */
function gpusOf(hard: Hard, used: Hard): string {
  const keys = Object.keys(hard).filter((key) => /^requests\..+\/gpu$/.test(key));
  const total = (amounts: Hard): Quantity => sumQuantities(keys.map((key) => amounts[key] ?? '0'));
  return `${formatQuantity(total(used), 'decimal')}/${formatQuantity(total(hard), 'decimal')}`;
}

/** Realms whose networks are not known stay closed, so they are told apart. */
function egressOf({ networkPolicy: { egressAllowed, allowedDestinations: all } }: Grant['spec']): string {
  if (!egressAllowed || all.length === 0) return 'None';
  const open = all.filter(isCidr).length;
  const named = all.length === 1 ? '1 destination' : `${all.length} destinations`;
  return open === all.length ? named : `${open} of ${named}`;
}
