import {
  columns,
  conditioned,
  crd,
  enumeration,
  object,
  sharedConditions,
  sharedReasons,
  text,
  type Infer,
} from '../../api/meta/schema.ts';

/** A toy kind for tests of the engine: a text that is kept in a ConfigMap here and, if asked for, in one elsewhere. */
export const parcelSchema = crd({
  group: 'test.keystone.io',
  version: 'v1alpha1',
  kind: 'Parcel',
  plural: 'parcels',
  scope: 'Namespaced',
  shortNames: ['pc'],
  description: 'Parcel keeps a text in a ConfigMap, for tests of the engine.',
  spec: object(
    {
      text: text({ maxLength: 4096, description: 'text is what the ConfigMaps hold.' }),
      note: text({ maxLength: 64, optional: true, description: 'note is held as well, if it is there.' }),
      to: text({ maxLength: 63, optional: true, description: 'to names a second namespace that holds the text.' }),
      trouble: enumeration(['Terminal', 'Transient', 'Waiting', 'Stuck'], {
        optional: true,
        description: 'trouble makes the controller fail on purpose; Stuck makes its ending wait.',
      }),
    },
    { description: 'spec says what is kept where.' },
  ),
  status: conditioned({ held: text({ maxLength: 253, description: 'held names the places that hold the text, sorted.' }) }),
  columns: columns.ready().age().reason(),
  conditions: { ...sharedConditions },
  reasons: {
    ...sharedReasons,
    Kept: { means: 'Everything is in place.', remedy: 'Nothing to do.' },
    Keeping: { means: 'Something is not in place yet.', remedy: 'Wait.' },
    OnPurpose: { means: 'The test asked for this trouble.', remedy: 'Remove spec.trouble.' },
  },
});
export type Parcel = Infer<typeof parcelSchema>;
export const Parcel = parcelSchema.resource;
