import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiError } from '../../controllers/runtime/errors.ts';
import type { ApiRequest } from '../../controllers/runtime/transport.ts';
import { controlPlane } from '../env/hooks.ts';
import { isWrite, swallowEvent, type Wrap } from '../env/disturbances.ts';
import { createDice } from './dice.ts';
import { shownAfterCrash, shownAmid, shownAtRest } from './old-worlds.ts';
import { SEED } from './shard.ts';
import { counted, type Leave, type Point, type Telling, type Told } from './telling.ts';
import { breakAfter, broken, forgotten, inBundles, refuseStreams, refuseWatchesFrom } from './watches.ts';
import {
  crashAtWrite,
  failSome,
  noAnswer,
  nthWrite,
  refuseFrom,
  tooMany,
  unheard,
  type Meddle,
  type Pass,
  type Refusal,
} from './writes.ts';

/** All points at which something can strike a story that went so undisturbed. */
type Points = (undisturbed: Told) => readonly Point[];

/** One way in which the world is unkind. */
export interface Disturbance {
  readonly name: string;
  readonly points: Points;
  /** It concerns everybody who uses the API server: nothing else may run meanwhile. */
  readonly alone?: boolean;
  /** Takes out of the difference of effects what is no fault; nothing if left out. */
  readonly leave?: Leave;
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1);
/** The first, the last, and some in between: for what takes long. */
const spread = (count: number, most: number): readonly number[] =>
  count <= most ? upTo(count) : [...new Set(upTo(most).map((i) => 1 + Math.round(((i - 1) * (count - 1)) / (most - 1))))];

/** Strikes at each write, or at some of them. */
const atWrites =
  (strike: (nth: number, struck: () => void, telling: Telling) => Wrap, most = Infinity): Points =>
  ({ writes }) =>
    spread(writes, most).map((nth) => ({
      name: `write ${nth}`,
      disturb: counted((struck, telling) => ({ wrap: strike(nth, struck, telling) })),
    }));

/** Strikes at some events of each collection. */
const atEvents =
  (strike: (path: string, nth: number, struck: () => void, telling: Telling) => Wrap): Points =>
  ({ events }) =>
    [...events].flatMap(([path, count]) =>
      spread(count, EVENTS_EACH).map((nth) => ({
        name: `${path.split('/').at(-1)}, event ${nth}`,
        disturb: counted((struck, telling) => ({ wrap: strike(path, nth, struck, telling) })),
      })),
    );
const EVENTS_EACH = 6;

/** Strikes all the time, in one way or another. */
const throughout =
  <T>(ways: readonly T[], nameOf: (way: T) => string, strike: (way: T, struck: () => void) => Wrap): Points =>
  () =>
    ways.map((way) => ({ name: nameOf(way), disturb: counted((struck) => ({ wrap: strike(way, struck) })) }));

/** Something else becomes of a write. */
const instead =
  (meddle: Meddle) =>
  (nth: number, struck: () => void): Wrap =>
    nthWrite(nth, (...args) => {
      struck();
      return meddle(...args);
    });

/** The process dies at a write that took effect, and another begins with an empty memory. */
const crash =
  (hears: boolean) =>
  (nth: number, struck: () => void, { operator }: Telling): Wrap =>
    crashAtWrite(nth, {
      hears,
      died() {
        struck();
        operator.replace();
      },
    });

/** A user's next change, and what the operator would have answered, fit into it. */
const GAP_MS = 1500;
const cut =
  (error: () => ApiError) =>
  (path: string, after: number, struck: () => void): Wrap =>
    breakAfter({ path, after, gapMs: GAP_MS, error, struck });

/** An event never comes, on a connection that stays healthy; some time later the process is started anew. */
const lose = (path: string, nth: number, struck: () => void, { operator }: Telling): Wrap =>
  swallowEvent(nth, new RegExp(`${path}$`), () => {
    struck();
    void sleep(GAP_MS).then(() => operator.replace());
  });

/** How often in a row a call is refused, and after how long it may be tried again. */
const REFUSALS = 3;
const RETRY_MS = 1000;
/** For what goes on for a while after the write at which it begins. */
const SOME_WRITES = 12;
const refusal = (nth: number, struck: () => void): Refusal => ({ nth, times: REFUSALS, struck, error: () => tooMany(RETRY_MS) });
const refused = (sort: (request: ApiRequest) => boolean): Points =>
  atWrites((nth, struck) => refuseFrom({ ...refusal(nth, struck), sort }), SOME_WRITES);

/** For what nobody else may see. */
const FEW_WRITES = 4;
/** How long the API server stands still. */
const PAUSE_MS = 4000;
/** The write goes out to a server that stands still, and waits there. */
async function pause(pass: Pass): Promise<unknown> {
  const { signal } = controlPlane();
  await signal('kube-apiserver', 'STOP');
  const resumed = sleep(PAUSE_MS).then(() => signal('kube-apiserver', 'CONT'));
  try {
    return await pass();
  } finally {
    await resumed;
  }
}

async function kill(pass: Pass): Promise<unknown> {
  await controlPlane().signal('kube-apiserver', 'KILL');
  return pass();
}

/** One that is killed may have done what its log does not hold; that nothing was done twice shows all the same. */
const unlogged: Leave = (lines) => {
  const missing = lines.filter((line) => line.startsWith('-'));
  return missing.length <= 1 ? lines.filter((line) => !line.startsWith('-')) : lines;
};

const DICE = upTo(8).map((i) => `${SEED}.${i}`);

/** Everything that is done to every story. */
export const DISTURBANCES: readonly Disturbance[] = [
  { name: 'a crash behind a write, before its answer', points: atWrites(crash(false)) },
  { name: 'a crash behind the answer to a write', points: atWrites(crash(true)) },
  { name: 'an answer that is lost', points: atWrites(instead((_, pass) => unheard(pass))) },
  { name: 'a write that is lost', points: atWrites(instead(() => Promise.reject(noAnswer()))) },
  { name: 'a watch that breaks', points: atEvents(cut(broken)) },
  { name: 'a watch with a gap that is never told', points: atEvents(cut(forgotten)) },
  { name: 'an event that is lost until a restart', points: atEvents(lose) },
  { name: 'events in bundles', points: throughout([200, 600, 1500], (ms) => `every ${ms} ms`, inBundles) },
  { name: 'an old world after a crash', points: shownAfterCrash },
  { name: 'an old world while something happens', points: shownAmid },
  { name: 'an old world at rest', points: shownAtRest },
  { name: 'too many writes (429)', points: refused(isWrite) },
  { name: 'too many reads (429)', points: refused((request) => !isWrite(request)) },
  { name: 'too many watches (429)', points: atWrites((nth, struck) => refuseWatchesFrom(refusal(nth, struck)), SOME_WRITES) },
  {
    name: 'an API server without streams',
    points: throughout(
      ['the start'],
      (from) => `from ${from}`,
      (_, struck) => refuseStreams(struck),
    ),
  },
  {
    name: 'every tenth call failing',
    points: throughout(
      DICE,
      (dice) => `dice ${dice}`,
      (dice, struck) => failSome(0.1, createDice(dice), struck),
    ),
  },
  {
    name: 'an API server that stands still',
    points: atWrites(
      instead((_, pass) => pause(pass)),
      FEW_WRITES,
    ),
    alone: true,
  },
  {
    name: 'an API server that is killed',
    points: atWrites(
      instead((_, pass) => kill(pass)),
      FEW_WRITES,
    ),
    alone: true,
    leave: unlogged,
  },
];
