import { expect } from 'chai';
import type { Conditioned } from '../../controllers/runtime/conditions.ts';
import { conditionFaults } from '../../controllers/runtime/kstatus.ts';
import { recordWrites, type Write } from './audit.ts';
import { untilIdle, type RunningEngine } from './engine.ts';
import { eventually } from './eventually.ts';
import { api, controlPlane } from './hooks.ts';

/** What is judged when a test is over, and before anything of it is cleared away. */
export interface Trial {
  /** The engines of the test, stopped. */
  readonly engines: readonly RunningEngine[];
  /** The objects of the kind, as they are now. */
  readonly objects: readonly Conditioned[];
  /** The reasons that the kind's page explains; all if left out. */
  readonly reasons?: Readonly<Record<string, unknown>>;
  /** Starts an engine anew, which must then have nothing to do; left out where something is restless on purpose. */
  readonly again: (() => Promise<RunningEngine>) | undefined;
  /** The name under which the audit log knows the engines of this test. */
  readonly userAgent: string;
  /** Which writes count as having something to do; all if left out. */
  readonly counts?: (write: Write) => boolean;
}

/** Every test of a controller ends so: all statuses ever written kept the rules, and an operator that starts anew has nothing to do. */
export async function judge({ engines, objects, reasons, again, userAgent, counts = () => true }: Trial): Promise<void> {
  const written = engines.flatMap(({ statusFaults }) => statusFaults);
  expect(written, 'faults of statuses that were written').to.deep.equal([]);
  const staying = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const faults = staying.flatMap((object) => conditionFaults(object));
  expect(faults, 'faults of statuses at the end').to.deep.equal([]);
  const said = objects.flatMap(({ status }) => status?.conditions?.map(({ reason }) => reason) ?? []);
  for (const reason of said) if (reasons !== undefined) expect(reasons, 'documented').to.have.property(reason);
  if (again === undefined) return;
  // What others do to the world, such as counting use, goes on for a moment: only then is it settled.
  await eventually(
    async () => {
      const recording = await recordWrites(controlPlane(), api(), { userAgent: new RegExp(userAgent) });
      const engine = await again();
      await untilIdle(engine);
      await engine.stop();
      const writes = (await recording.writes()).filter(counts);
      expect(writes, `writes of an operator that starts anew in a settled world: ${JSON.stringify(writes)}`).to.deep.equal([]);
    },
    { withinMs: 60_000, everyMs: 500 },
  );
}
