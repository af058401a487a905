import type { ConditionedStatus } from '../../api/meta/object.ts';
import type { Clock } from './clock.ts';
import type { Conditioned } from './conditions.ts';
import { stopwatch } from './metrics.ts';

/** Measures how long each change of an object takes until it is in force. */
export interface ReadyTime {
  /** An object is looked at. */
  seen(key: string, object: Conditioned): void;
  /** Its status is this. */
  found(key: string, status: ConditionedStatus): void;
  forget(key: string): void;
}

/** Tells the seconds from the first look at a generation to its Ready; what was Ready already when it was first seen tells nothing. */
export function createReadyTime(clock: Clock, tell: (seconds: number) => void): ReadyTime {
  const watches = new Map<string, { readonly generation: number | undefined; readonly seconds: (() => number) | undefined }>();
  return {
    seen(key, object) {
      const { generation } = object.metadata;
      if (watches.get(key)?.generation === generation) return;
      watches.set(key, { generation, seconds: isReady(object.status, generation) ? undefined : stopwatch(clock) });
    },
    found(key, status) {
      const watch = watches.get(key);
      if (watch?.seconds === undefined || !isReady(status, watch.generation)) return;
      tell(watch.seconds());
      watches.set(key, { ...watch, seconds: undefined });
    },
    forget: (key) => void watches.delete(key),
  };
}

const isReady = (status: ConditionedStatus | undefined, generation: number | undefined): boolean =>
  status?.conditions?.some(
    ({ type, status: is, observedGeneration }) => type === 'Ready' && is === 'True' && observedGeneration === generation,
  ) === true;
