import { RETAINED_FROM, RETAINED_UNTIL } from '../../api/keystone/v1alpha1/grant.retention.ts';
import type { PersistentVolume } from '../../api/meta/builtin.ts';
import { compareTexts } from '../runtime/canonical.ts';

/** A volume that outlived its slice. */
export interface RetainedVolume {
  readonly volume: string;
  readonly grantUID: string;
  readonly until: string;
}

/** The schema's bound; beyond it, what is kept for longest is left out. */
const MAX_VOLUMES = 256;

/** The volumes that were kept when their Grants ended, those first that somebody must look after first. */
export const retainedVolumes = (volumes: readonly PersistentVolume[]): readonly RetainedVolume[] =>
  volumes
    .flatMap(({ metadata: { name, labels, annotations } }) => {
      const grantUID = labels?.[RETAINED_FROM];
      return grantUID === undefined ? [] : [{ volume: name, grantUID, until: annotations?.[RETAINED_UNTIL] ?? '' }];
    })
    .toSorted((a, b) => compareTexts(a.until, b.until) || compareTexts(a.volume, b.volume))
    .slice(0, MAX_VOLUMES);
