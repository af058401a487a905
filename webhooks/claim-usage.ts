import { ONE, amountsOf, type Amounts } from './amounts.ts';
import { member, text } from '../api/meta/untrusted.ts';

const CLASS = '.storageclass.storage.k8s.io/';
/** What claims said before they had a field for it. */
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** What a PersistentVolumeClaim takes of a quota: in all, and of its storage class. */
export function claimUsage(claim: unknown): Amounts {
  const usage = new Map([
    ['persistentvolumeclaims', ONE],
    ['count/persistentvolumeclaims', ONE],
  ]);
  const asked = amountsOf(member(claim, 'spec', 'resources', 'requests')).get('storage');
  const allocated = amountsOf(member(claim, 'status', 'allocatedResources')).get('storage') ?? 0n;
  const bytes = asked === undefined ? undefined : wholeBytes(asked > allocated ? asked : allocated);
  if (bytes !== undefined) usage.set('requests.storage', bytes);
  const className = text(member(claim, 'metadata', 'annotations', CLASS_ANNOTATION) ?? member(claim, 'spec', 'storageClassName'));
  if (className === '') return usage;
  usage.set(`${className}${CLASS}persistentvolumeclaims`, ONE);
  if (bytes !== undefined) usage.set(`${className}${CLASS}requests.storage`, bytes);
  return usage;
}

/** A volume has no fractions of a byte. */
const wholeBytes = (amount: bigint): bigint => (amount > 0n ? ((amount + ONE - 1n) / ONE) * ONE : amount);
