import type { AdmissionPolicy } from '../../meta/policy.ts';
import { KNOWN_KEYS, strangeKeys, strangers } from './grant.policies.notes.ts';
import {
  ALLOWED_STORAGE_CLASSES,
  BEFORE,
  changes,
  few,
  FOR_GUESTS,
  IN_SLICES,
  listed,
  match,
  refusal,
  text,
  unless,
} from './grant.slice.ts';

/** Annotations by which Kubernetes notes its own decisions about a claim, and an old one that overrules the class in the spec. */
const isDecision = (key: string): string =>
  `(${key}.startsWith("volume.kubernetes.io/") || ${key}.startsWith("volume.beta.kubernetes.io/") || ${key}.startsWith("pv.kubernetes.io/"))`;

const sizeOf = (claim: string): string => `quantity(${claim}.?spec.?resources.?requests[?"storage"].orValue("0"))`;

/** Storage is lent by class and comes empty; also for claims that controllers make from a guest's templates. */
export const storagePolicies: readonly AdmissionPolicy[] = [
  refusal({
    name: 'keystone-slice-claims',
    description: 'Refuses claims on storage of a class that the Grant does not lend, and on volumes with the data of others.',
    match: [match('', ['persistentvolumeclaims'])],
    namespaces: IN_SLICES,
    when: FOR_GUESTS,
    variables: {
      before: BEFORE,
      known: KNOWN_KEYS,
      lent: listed(ALLOWED_STORAGE_CLASSES),
      class: 'object.spec.?storageClassName.orValue("")',
      volume: 'object.spec.?volumeName.orValue("")',
      size: sizeOf('object'),
      sizeBefore: sizeOf('variables.before'),
      annotations: few('object.metadata.?annotations'),
      annotationsBefore: few('variables.before.?metadata.?annotations'),
      // Provisioners and importers read there where to take data from, be it from others.
      strange: `${strangeKeys('variables.annotations', 'variables.annotationsBefore')}.filter(k, !${isDecision('k')})`,
    },
    faults: {
      unlent: unless(
        // The list never holds "": a claim without a class takes any volume of the owner that has none.
        'variables.class in (request.operation == "UPDATE" ? [variables.before.?spec.?storageClassName.orValue("")] : variables.lent)',
        'size(variables.lent) == 0 ? "no storage class is open in this slice: use an emptyDir volume, or ask the owner to name a class in spec.hard, as CLASS.storageclass.storage.k8s.io/requests.storage" : (variables.class == "" ? "a claim names its storage class here" : "this Grant lends no storage of class " + variables.class) + ": set spec.storageClassName to one of " + variables.lent.join(", ")',
      ),
      // The quota counts it no more by its class: what is there stays, and no more.
      growing: unless(
        'request.operation != "UPDATE" || variables.class in variables.lent || !variables.size.isGreaterThan(variables.sizeBefore)',
        '"this Grant lends no storage of class " + variables.class + " any more: the claim can\'t grow, leave spec.resources as it is"',
      ),
      choosing: unless(
        'variables.volume == variables.before.?spec.?volumeName.orValue("") && (request.operation != "CREATE" || !has(object.spec.selector))',
        text("a claim can't choose its volume: leave spec.volumeName and spec.selector out"),
      ),
      copying: unless(
        'request.operation != "CREATE" || (object.spec.?dataSourceRef.?namespace.orValue("") == "" && object.spec.?dataSourceRef.?kind.orValue("VolumeSnapshot") in ["PersistentVolumeClaim", "VolumeSnapshot"])',
        text('spec.dataSourceRef may name a PersistentVolumeClaim or VolumeSnapshot of this namespace only: leave it out'),
      ),
      tuning: unless(
        'object.spec.?volumeAttributesClassName.orValue("") == variables.before.?spec.?volumeAttributesClassName.orValue("")',
        text('this Grant lends no volume attributes classes: leave spec.volumeAttributesClassName as it is'),
      ),
      directing: strangers('variables.strange', 'annotations'),
      deciding: unless(
        `!(${changes('variables.annotations', 'variables.annotationsBefore', isDecision)})`,
        text(
          'annotations of volume.kubernetes.io, volume.beta.kubernetes.io and pv.kubernetes.io are set by Kubernetes: leave them as they are',
        ),
      ),
    },
    message: 'this claim asks for storage that its Grant does not lend',
  }),
];
