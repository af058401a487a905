import { setTimeout as sleep } from 'node:timers/promises';
import { recordWrites } from '../env/audit.ts';
import { untilIdle } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { judge } from '../env/judge.ts';
import { difference, effectsOf, linesOf, shownIn } from './canonical.ts';
import type { Wrap } from '../env/disturbances.ts';
import { watchOver } from './guard.ts';
import { createOperator, type Operator } from './operator.ts';
import { answered, insist, type Scenario, type Stage, type Step } from './scenario.ts';

/** What came of one telling of a story. */
export interface Told {
  /** How many steps the story has. */
  readonly steps: number;
  /** How many writes the operator sent. */
  readonly writes: number;
  readonly watched: Operator['watched'];
  /** How many events each collection told. */
  readonly events: ReadonlyMap<string, number>;
  /** The path of the collection of the controller's own kind. */
  readonly ownersPath: string;
  readonly end: readonly string[];
  readonly effects: readonly string[];
  /** How often the disturbance struck; a point may lie beyond the end of this telling. */
  readonly hits: number;
}

/** Which difference of the effects is no fault. */
export type Leave = (difference: readonly string[]) => readonly string[];

/** A disturbance at one point of one telling. */
export interface Strike {
  /** Stands between the first process of the operator and the API server. */
  readonly wrap?: Wrap;
  readonly hits: () => number;
  /** Before the act of a step, after it, and when it was answered. */
  readonly before?: (step: number) => Promise<void>;
  readonly amid?: (step: number) => Promise<void>;
  readonly after?: (step: number) => Promise<void>;
}

/** What a strike may use. */
export interface Telling {
  readonly operator: Operator;
  readonly stage: Stage;
}

/** Begins a disturbance of one telling. */
export type Disturb = (telling: Telling) => Strike;

/** A disturbance that tells how often it struck. */
export const counted =
  (disturb: (struck: () => void, telling: Telling) => Omit<Strike, 'hits'>): Disturb =>
  (telling) => {
    let hits = 0;
    return { ...disturb(() => (hits += 1), telling), hits: () => hits };
  };

/** Where a disturbance strikes. */
export interface Point {
  readonly name: string;
  readonly disturb: Disturb;
}

/** Longer than any back-off of the engine. */
const END_MS = 60_000;

/** Tells the story undisturbed, to hold the others against. */
export const tellUndisturbed = <S extends Stage>(scenario: Scenario<S>, stage: S): Promise<Told> =>
  tell(scenario, stage, () => ({ hits: () => 0 }));

/** How a telling is disturbed, and what it is held against. */
export interface Comparison {
  readonly undisturbed: Told;
  readonly disturb: Disturb;
  readonly leave?: Leave | undefined;
  /** How long the end may take to become what it must be. */
  readonly endMs?: number;
}

/** Tells it under a disturbance; throws if it does not end as it did undisturbed. */
export async function tellDisturbed<S extends Stage>(scenario: Scenario<S>, stage: S, comparison: Comparison): Promise<Told> {
  const { undisturbed, leave = (lines) => lines } = comparison;
  const told = await tell(scenario, stage, comparison.disturb, comparison);
  const effects = leave(difference(undisturbed.effects, told.effects));
  if (effects.length > 0) throw new Error(`other things were made or taken away than undisturbed:\n${shownIn(effects)}`);
  return told;
}

async function tell<S extends Stage>({ story }: Scenario<S>, stage: S, disturb: Disturb, comparison?: Comparison): Promise<Told> {
  const recording = await recordWrites(controlPlane(), api(), { userAgent: new RegExp(stage.userAgent) });
  const operator = createOperator(stage);
  const strike = disturb({ operator, stage });
  const guard = watchOver(stage.always);
  try {
    await operator.start(strike.wrap);
    for (const [i, step] of story.entries()) await takeStep(step, stage, { strike, i });
    const hits = strike.hits();
    await untilIdle(await operator.current()).catch(named('it never came to rest'));
    const end = await endOf(stage, comparison);
    await operator.stop();
    guard.expectNothing();
    const { names } = stage;
    const effects = effectsOf(await recording.writes(), names, (write) => stage.isIrreversible?.(write) === true);
    await judgeAll(stage, operator);
    const { writes, watched, events } = operator;
    return { steps: story.length, writes, watched, events, ownersPath: stage.ownersPath, end, effects, hits };
  } catch (error) {
    // What must never be so explains better than what came of it.
    guard.expectNothing(error);
    throw error;
  } finally {
    await guard.stop();
    await operator.stop();
  }
}

async function takeStep<S>(step: Step<S>, stage: S, { strike, i }: { readonly strike: Strike; readonly i: number }): Promise<void> {
  await strike.before?.(i);
  await insist(() => step.act(stage)).catch(named(`nobody could do this: ${step.name}`));
  await strike.amid?.(i);
  await answered(step, stage).catch(named(`this was never answered: ${step.name}`));
  await strike.after?.(i);
}

/** The end as it is told by the world; once it is what it was undisturbed, if it ever is. */
async function endOf(stage: Stage, comparison: Comparison | undefined): Promise<readonly string[]> {
  const look = async (): Promise<readonly string[]> =>
    linesOf(await stage.objects(), stage.names)
      .map((line) => stage.blur?.(line) ?? line)
      .filter((line) => line !== '');
  if (comparison === undefined) return settled(look);
  const { undisturbed, endMs = END_MS } = comparison;
  let lines: readonly string[] = [];
  return eventually(
    async () => {
      const end = await look();
      lines = difference(undisturbed.end, end);
      if (lines.length > 0) throw new Error(`it still differs in ${lines.length} lines`);
      return end;
    },
    { withinMs: endMs, everyMs: 200 },
  ).catch((error: unknown) => {
    throw new Error(`the world ended otherwise than undisturbed:\n${shownIn(lines)}`, { cause: error });
  });
}

/** What others do, such as counting use, goes on for a moment. */
export async function settled(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  for (let last = await look(); ;) {
    await sleep(SETTLED_MS);
    const next = await look();
    if (difference(last, next).length === 0) return next;
    last = next;
  }
}
const SETTLED_MS = 700;

const judgeAll = async (stage: Stage, { processes }: Operator): Promise<void> =>
  judge({ engines: processes, objects: await stage.owners(), again: () => stage.run(), ...stage.judged, userAgent: stage.userAgent });

/** Says what was waited for. */
const named =
  (what: string) =>
  (error: unknown): never => {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  };
