import { later } from '../env/eventually.ts';
import { DISTURBANCES, type Disturbance } from './disturbances.ts';
import type { Scenario, Stage } from './scenario.ts';
import { FULL, SEED, isInFocus, share } from './shard.ts';
import { createStages, type Stages, type Theatre } from './stages.ts';
import { tellDisturbed, tellUndisturbed, type Point, type Told } from './telling.ts';

/** A story and what is done to it. */
interface Cell<S> {
  readonly scenario: Scenario<S>;
  readonly disturbance: Disturbance;
  readonly label: string;
  readonly alone: boolean;
}

/** A test waits for tellings that others are told beside. */
const WAIT_MS = FULL ? 3 * 3_600_000 : 300_000;

/** Tells each story undisturbed, then under disturbances, and holds the ends against each other: a test for each pair. */
export function tellAll<S extends Stage>(theatre: Theatre<S>, scenarios: readonly Scenario<S>[]): void {
  const cells = cellsOf(scenarios, theatre.shard);
  const told = [...new Set(cells.map(({ scenario }) => scenario))];
  let tellings: Tellings<S>;
  before(async () => {
    if (!FULL) console.log(`      SEED=${SEED} takes ${cells.map(({ label }) => label).join(', ')}`);
    await theatre.prepare();
    tellings = beginAll(theatre, told, cells);
  });
  after(async () => {
    await tellings.closed();
  });
  for (const scenario of told)
    it(`${scenario.name} · undisturbed`, async () => {
      const { writes, events } = await tellings.undisturbed(scenario);
      console.log(`      ${writes} writes, ${[...events.values()].reduce((sum, count) => sum + count, 0)} events`);
    }).timeout(WAIT_MS);
  for (const cell of cells)
    it(cell.label, async () => {
      const results = await tellings.results(cell);
      const failed = results.flatMap(({ label, failure }) => (failure === undefined ? [] : [`${label}\n${failure}`]));
      if (failed.length > 0) throw new Error(`${failed.length} of ${results.length}, with SEED=${SEED}:\n${failed.join('\n\n')}`);
      // A telling may have fewer writes or events than the one that the points were taken from; not all of them may miss.
      if (FULL && results.every(({ hits }) => hits === 0))
        throw new Error(`struck nowhere: ${results.map(({ label }) => label).join('; ')}`);
    }).timeout(WAIT_MS);
}

/** The pairs of this run. */
function cellsOf<S>(scenarios: readonly Scenario<S>[], count: number): readonly Cell<S>[] {
  const cells = scenarios.flatMap((scenario) =>
    DISTURBANCES.filter(({ name }) => scenario.under?.test(name) !== false).map((disturbance) => {
      const alone = disturbance.alone === true || scenario.alone === true;
      return { scenario, disturbance, alone, label: `${scenario.name} · ${disturbance.name}` };
    }),
  );
  const asked = cells.filter(({ label }) => isInFocus(label));
  return share(asked, count, scenarios.map(({ name }) => name).join());
}

/** How a disturbed telling went. */
interface Result {
  readonly label: string;
  readonly hits: number;
  readonly failure?: string;
}

/** All tellings of a run, on their way. */
interface Tellings<S> {
  undisturbed(scenario: Scenario<S>): Promise<Told>;
  results(cell: Cell<S>): Promise<readonly Result[]>;
  /** Resolves when all stages are cleared away. */
  closed(): Promise<void>;
}

function beginAll<S extends Stage>(theatre: Theatre<S>, scenarios: readonly Scenario<S>[], cells: readonly Cell<S>[]): Tellings<S> {
  const stages = createStages(theatre);
  const undisturbed = new Map(
    scenarios.map((scenario) => [scenario, later(stages.play((stage) => tellUndisturbed(scenario, stage), scenario.alone === true))]),
  );
  const undisturbedOf = async (scenario: Scenario<S>): Promise<Told> => (await undisturbed.get(scenario)) ?? unprepared();
  const results = new Map(
    cells.map((cell) => [cell, later(undisturbedOf(cell.scenario).then((told) => tellAtPoints(cell, told, stages)))]),
  );
  return {
    undisturbed: undisturbedOf,
    results: async (cell) => (await results.get(cell)) ?? unprepared(),
    async closed() {
      await Promise.allSettled([...undisturbed.values(), ...results.values()]);
      await stages.closed();
    },
  };
}

const unprepared = (): never => {
  throw new Error('this telling was not begun');
};

async function tellAtPoints<S extends Stage>(
  { scenario, disturbance, label: prefix, alone }: Cell<S>,
  undisturbed: Told,
  stages: Stages<S>,
): Promise<readonly Result[]> {
  const { points, leave } = disturbance;
  const labelled = points(undisturbed).map((point) => ({ ...point, label: `${prefix} · ${point.name}` }));
  const asked = labelled.filter(({ label }) => isInFocus(label));
  const tellOne = async ({ label, disturb }: Point & { readonly label: string }): Promise<Result> => {
    try {
      const { hits } = await stages.play((stage) => tellDisturbed(scenario, stage, { undisturbed, disturb, leave }), alone);
      return said({ label, hits });
    } catch (error) {
      return said({ label, hits: 1, failure: error instanceof Error ? error.message : String(error) });
    }
  };
  return Promise.all(share(asked, 1, prefix).map(tellOne));
}

/** A long run tells what it does: it takes the better part of an hour. */
function said(result: Result): Result {
  const { label, hits, failure } = result;
  const held = hits > 0 ? 'held' : 'not struck';
  if (FULL) console.log(`      ${failure === undefined ? held : 'FAILED'}: ${label}${failure === undefined ? '' : `\n${failure}`}`);
  return result;
}
