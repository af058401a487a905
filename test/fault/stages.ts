import { later } from '../env/eventually.ts';
import { createLanes } from './lanes.ts';
import type { Stage } from './scenario.ts';

/** Where stories are told. */
export interface Theatre<S extends Stage> {
  /** Makes ready what all stages share. */
  readonly prepare: () => Promise<void>;
  readonly open: () => Promise<S>;
  /** How many stories are told at once; one if its stages would see each other. */
  readonly lanes: number;
  /** How many pairs of a story and a disturbance a quick run takes. */
  readonly shard: number;
}

/** The stages of one theatre, as many at once as there are lanes. */
export interface Stages<S> {
  /** Opens one when it is its turn, plays on it and clears it away. `alone` is nothing else on any. */
  play<T>(play: (stage: S) => Promise<T>, alone: boolean): Promise<T>;
  /** Resolves when all are cleared away, and throws if one could not be. */
  closed(): Promise<void>;
}

/** No stage is open yet. */
export function createStages<S extends Stage>({ open, lanes }: Pick<Theatre<S>, 'open' | 'lanes'>): Stages<S> {
  const inLanes = createLanes(lanes);
  const closing: Promise<void>[] = [];
  const playOn = async <T>(play: (stage: S) => Promise<T>, alone: boolean): Promise<T> => {
    if (alone) await Promise.allSettled(closing);
    const stage = await open();
    try {
      return await play(stage);
    } finally {
      // What takes its time to go delays nobody who has a stage of their own; what can't go shows in the end.
      const closed = later(stage.close());
      closing.push(closed);
      if (alone || lanes === 1) await Promise.allSettled([closed]);
    }
  };
  return {
    play: (play, alone) => inLanes.run(() => playOn(play, alone), { alone }),
    closed: async () => void (await Promise.all(closing)),
  };
}
