import { tellAll } from './matrix.ts';
import { installParcels, isRemoved, keeps, openParcels, type ParcelStage } from './parcels.ts';
import type { Scenario } from './scenario.ts';

const SCENARIOS: readonly Scenario<ParcelStage>[] = [
  {
    name: 'a Parcel is sent',
    story: [
      keeps('one', { note: 'n', there: true }),
      keeps('two'),
      keeps('three', { there: true }),
      isRemoved,
      keeps('four', { there: true }),
    ],
  },
];

describe('what becomes of an owner and its children, whatever happens (checklist 16, 20)', () => {
  tellAll({ prepare: installParcels, open: () => openParcels(), lanes: 6, shard: 5 }, SCENARIOS);
});
