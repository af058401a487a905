import type { PersistentVolume } from '../../api/meta/builtin.ts';
import { RETAINED_FROM, RETAINED_UNTIL } from '../../api/keystone/v1alpha1/grant.retention.ts';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { wholeSeconds } from '../runtime/timestamps.ts';

/** Until when a volume stays; decided once, since a second look must not move it. */
export function retainUntil(grant: Grant, volume: PersistentVolume, now: Date): string {
  // Another Grant's date, of a volume that was bound again since, says nothing of this one.
  const decided =
    volume.metadata.labels?.[RETAINED_FROM] === grant.metadata.uid ? volume.metadata.annotations?.[RETAINED_UNTIL] : undefined;
  return decided ?? wholeSeconds(new Date(now.getTime() + durationMs(grant.spec.dataRetention)));
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 };

/** Milliseconds of a duration such as 1h30m, as the schema admits it. */
export function durationMs(duration: string): number {
  return [...duration.matchAll(/(\d+)([hms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
}
