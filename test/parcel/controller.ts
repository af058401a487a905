import { ConfigMap } from '../../api/meta/builtin.ts';
import type { ApplyConfig } from '../../api/meta/object.ts';
import {
  TerminalError,
  TransientError,
  anyOf,
  byOwnerLabel,
  defineController,
  deletionStarted,
  done,
  generationChanged,
  keyOf,
  waitFor,
  type Step,
} from '../../controllers/runtime/index.ts';
import { defineStatus } from '../../controllers/runtime/conditions.ts';
import { Parcel } from './parcel.ts';

interface Facts {
  wanted: readonly string[];
  held: readonly string[];
}
type ParcelStep = Step<Parcel, Facts>;

/** Keeps Parcels; as small as a room can be, with a child that the garbage collector must not see. */
export const parcelController = defineController<Parcel, Facts>({
  name: 'parcel',
  for: Parcel,
  when: anyOf(generationChanged, deletionStarted),
  owns: [byOwnerLabel(ConfigMap)],
  facts: () => ({ wanted: [], held: [] }),
  plan: () => [makeTrouble, keepText, removeStrays, observe],
  ending: [(scope) => endingOf(scope)],
  status: defineStatus<Parcel, Facts>(({ wanted, held }) => ({
    held: held.join(' '),
    ready:
      wanted.join() === held.join()
        ? { status: 'True', reason: 'Kept', message: `Held in ${held.length} places` }
        : { status: 'False', reason: 'Keeping', message: `Held in ${held.length} of ${wanted.length} places` },
  })),
});

const makeTrouble: ParcelStep = async ({ object: { spec } }) => {
  if (spec.trouble === 'Terminal') throw new TerminalError('OnPurpose', 'Only a human can help');
  if (spec.trouble === 'Transient') throw new TransientError('OnPurpose', 'A retry may help');
  return spec.trouble === 'Waiting' ? waitFor('OnPurpose', 'Something else has to happen first') : done;
};

/** What a Parcel wants to exist. */
export const renderCopies = ({ metadata, spec }: Parcel): readonly (ApplyConfig<ConfigMap> & { metadata: { namespace: string } })[] =>
  [metadata.namespace ?? '', ...(spec.to === undefined ? [] : [spec.to])].map((namespace) => ({
    metadata: { name: `parcel-${metadata.name}`, namespace },
    data: { text: spec.text, ...(spec.note === undefined ? {} : { note: spec.note }) },
  }));

const keepText: ParcelStep = async ({ object, facts, client }) => {
  const copies = renderCopies(object);
  facts.wanted = copies.map(keyOf).toSorted();
  for (const copy of copies) await client.apply(ConfigMap, copy);
};

const removeStrays: ParcelStep = async ({ object, facts, cache, client }) => {
  for (const copy of cache.ownedBy(ConfigMap, object)) if (!facts.wanted.includes(keyOf(copy))) await client.delete(ConfigMap, copy);
};

const observe: ParcelStep = async ({ object, facts, cache }) => {
  facts.held = cache.ownedBy(ConfigMap, object).map(keyOf).toSorted();
};

const endingOf: ParcelStep = async ({ object, cache, client }) => {
  if (object.spec.trouble === 'Stuck') return waitFor('OnPurpose', 'The ending waits because the test asked for it');
  const left = cache.ownedBy(ConfigMap, object);
  for (const copy of left) await client.delete(ConfigMap, copy);
  return left.length === 0 ? done : waitFor('Deleting', `${left.length} copies are left`);
};
