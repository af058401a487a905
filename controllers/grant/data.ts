import type { PersistentVolume } from '../../api/meta/builtin.ts';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';

/** On a volume that outlives its slice: the uid of the Grant whose guest wrote it. */
export const RETAINED_FROM = 'keystone.io/retained-from';
/** On the same: until when it stays. */
export const RETAINED_UNTIL = 'keystone.io/retained-until';

/** Until when a volume stays; decided once, since a second look must not move it. */
export function retainUntil(grant: Grant, volume: PersistentVolume, now: Date): string {
  const decided = volume.metadata.annotations?.[RETAINED_UNTIL];
  return decided ?? new Date(now.getTime() + durationMs(grant.spec.dataRetention)).toISOString().replace(/\.\d+/, '');
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 };

/** Milliseconds of a duration such as 1h30m, as the schema admits it. */
export function durationMs(duration: string): number {
  return [...duration.matchAll(/(\d+)([hms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
}
