import { listPages } from '../../controllers/runtime/list.ts';
import type { ApiRequest, Transport } from '../../controllers/runtime/transport.ts';
import type { WatchBatch } from '../../controllers/runtime/watch-stream.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { staleStart, type Wrap } from '../env/disturbances.ts';
import { untilIdle } from '../env/engine.ts';
import { difference, shownIn } from './canonical.ts';
import { createDice } from './dice.ts';
import type { Operator } from './operator.ts';
import type { Stage } from './scenario.ts';
import { SEED } from './shard.ts';
import { counted, settled, type Disturb, type Point, type Told } from './telling.ts';
import { crashAtWrite, nthWrite } from './writes.ts';

/** What an operator watched: each collection once. */
export type Watched = ReadonlyMap<string, ApiRequest>;

/** The collections as they were at one moment, as the first batch of a watch would tell them. */
export type Photograph = ReadonlyMap<string, WatchBatch>;

/** Reads all that is watched, as it is now. */
export async function photograph(watched: Watched, transport: Transport): Promise<Photograph> {
  const taken = [...watched].map(async ([path, { query, accept }]): Promise<[string, WatchBatch]> => {
    const selection = { labelSelector: query?.['labelSelector'], fieldSelector: query?.['fieldSelector'] };
    // A watch may ask for objects and lists of their metadata in one breath, a list for a list only.
    const asList = accept?.split(',').find((type) => type.includes('List'));
    const collection = { path, query: selection, ...(asList === undefined ? {} : { accept: asList }) };
    const { objects, resourceVersion } = await listPages(transport, collection, (object) => object, new AbortController().signal);
    const added = objects.map((object) => ({ type: 'ADDED' as const, object }));
    return [path, [...added, { type: 'BOOKMARK', resourceVersion, endsInitialEvents: true }]];
  });
  return new Map(await Promise.all(taken));
}

/**
 * How long the first collections and the others take until they show the present. A reflector takes a watch that ends within a
 * second for a refusal, and waits for a second or two: the others must take clearly longer than that.
 */
const FIRST_MS = 200;
const OTHERS_MS = 3500;
/** All that is shown is the present again after this. */
const CAUGHT_UP_MS = OTHERS_MS + 1500;

/** Which collections show the present first: that of the controller's own kind, or the others. */
type First = 'owners' | 'children';
const ORDERS: readonly First[] = ['owners', 'children'];

/** Shows the old world to an operator that starts; the collections catch up one after the other. */
const shown = (old: Photograph, first: First, ownersPath: string): Wrap =>
  staleStart(old, (path) => ((path === ownersPath) === (first === 'owners') ? FIRST_MS : OTHERS_MS));

/** The operator dies at a write, and its successor is shown the world of some writes ago. */
export const shownAfterCrash = ({ writes, watched, ownersPath }: Told): readonly Point[] => {
  const dice = createDice(`${SEED} ago`);
  return Array.from({ length: writes - 1 }, (_, i) => {
    const nth = i + 2;
    const ago = 1 + Math.floor(dice() * Math.min(nth - 1, LONGEST_AGO));
    const first = ORDERS[Math.floor(dice() * ORDERS.length)] ?? 'owners';
    const disturb = counted((struck, { operator }) => {
      let old: Photograph = new Map();
      const take = nthWrite(nth - ago, async (_request, pass, inner) => {
        old = await photograph(watched, inner);
        return pass();
      });
      const died = (): void => {
        struck();
        operator.replace(shown(old, first, ownersPath));
      };
      const crash = crashAtWrite(nth, { hears: false, died });
      return { wrap: (inner) => crash(take(inner)) };
    });
    return { name: `write ${nth}, shown write ${nth - ago}, ${first} first`, disturb };
  });
};
/** Further back than most of what one change of a user's brings about. */
const LONGEST_AGO = 12;

/** The step before the first. */
const NOTHING_YET = -1;
const taken = async ({ watched }: Told, operator: Operator): Promise<Photograph> =>
  photograph(watched, (await operator.current()).transport);

/** Every distance between two steps of a story, and every order in which collections catch up. */
const distances = ({ steps }: Told, disturb: (back: number, first: First) => Disturb): readonly Point[] =>
  Array.from({ length: steps }, (_, i) => i + 1).flatMap((back) =>
    ORDERS.map((first) => ({ name: `${back} steps ago, ${first} first`, disturb: disturb(back, first) })),
  );

/** At each step the operator is away while something happens, and comes back to the world of some steps before. */
export const shownAmid = (told: Told): readonly Point[] =>
  distances(told, (back, first) =>
    counted((struck, { operator }) => {
      const album = new Map<number, Photograph>();
      return {
        before: async (step) => {
          if (step === 0) album.set(NOTHING_YET, await taken(told, operator));
          if (album.has(step - back)) await operator.stop();
        },
        amid: async (step) => {
          const old = album.get(step - back);
          if (old === undefined) return;
          struck();
          await operator.start(shown(old, first, told.ownersPath));
        },
        after: async (step) => void album.set(step, await taken(told, operator)),
      };
    }),
  );

/** After each step the operator is started anew, in the world of some steps before: nothing is left to do, so nothing may be done. */
export const shownAtRest = (told: Told): readonly Point[] =>
  distances(told, (back, first) =>
    counted((struck, { operator, stage }) => {
      const album = new Map<number, Photograph>();
      return {
        before: async (step) => {
          if (step === 0) album.set(NOTHING_YET, await taken(told, operator));
        },
        after: async (step) => {
          await untilIdle(await operator.current());
          album.set(step, await taken(told, operator));
          const old = album.get(step - back);
          if (old === undefined) return;
          struck();
          const versions = await settledVersions(stage);
          await operator.stop();
          await operator.start(shown(old, first, told.ownersPath));
          await sleep(CAUGHT_UP_MS);
          await untilIdle(await operator.current());
          const lines = difference(versions, await settledVersions(stage));
          if (lines.length > 0)
            throw new Error(`shown the world of ${back} steps before, it wrote after step ${step + 1}:\n${shownIn(lines)}`);
        },
      };
    }),
  );

/** Which objects there are, in which version; of owners only what is no status, which may say for a while what the old world says. */
async function settledVersions(stage: Stage): Promise<readonly string[]> {
  const owners = new Set((await stage.owners()).map(({ metadata }) => metadata.uid));
  return settled(async () =>
    (await stage.objects()).map(({ kind, metadata }) => {
      const { namespace = '', name, uid, resourceVersion, generation, finalizers = [], deletionTimestamp } = metadata;
      const version = owners.has(uid) ? `generation ${generation}, held by ${finalizers.join(' ')}` : `version ${resourceVersion}`;
      return `${kind} ${namespace}/${name} ${uid}: ${version}${deletionTimestamp === undefined ? '' : ', on its way out'}`;
    }),
  );
}
