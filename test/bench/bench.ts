/** `bench.ts` measures our engine beside Go's controller-runtime, on one API server, in turns. */
import { parseArgs } from 'node:util';
import { SetupError } from '../../hack/testbed/steps.ts';
import { connect } from '../env/api.ts';
import { startControlPlane } from '../env/control-plane.ts';
import { grow, measureColdStart } from './cold.ts';
import { CONTESTANTS, type Name } from './contestant.ts';
import { compileSubject, ensurePeer } from './peer.ts';
import { installKind } from './population.ts';
import { openResults, show, type Results } from './results.ts';
import { measureSettling, type Bench } from './settle.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    objects: { type: 'string', default: '2000' },
    workers: { type: 'string', default: '1,4,16' },
    cold: { type: 'string', default: '50000' },
    only: { type: 'string', default: CONTESTANTS.join(',') },
    publish: { type: 'boolean', default: false },
    tables: { type: 'string' },
    'node-flags': { type: 'string', default: '' },
  },
});
const readSettings = () => ({
  rounds: count('rounds', values.rounds),
  objects: count('objects', values.objects),
  workers: values.workers.split(',').map((text) => count('workers', text)),
  cold: count('cold', values.cold),
  names: CONTESTANTS.filter((name) => values.only.split(',').includes(name)),
});
type Settings = ReturnType<typeof readSettings>;

function count(flag: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new SetupError(`--${flag}=${text} is no number of at most six digits`);
  return Number(text);
}

/** The slope of memory over the number of objects needs a second point. */
const FIRST_SHARE = 0.2;

async function settling(bench: Bench, results: Results, { rounds, objects, workers: numbers, names }: Settings): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    for (const workers of numbers) {
      for (const contestant of names) {
        results.add({ phase: 'settle', objects, round, workers, contestant }, await measureSettling(bench, contestant, workers, objects));
      }
    }
  }
}

async function coldStart(bench: Bench, results: Results, { rounds, cold, names: all }: Settings): Promise<void> {
  const names = all.filter((name): name is Name => name !== 'null' && name !== 'plain');
  let revision = 0;
  let held = 0;
  for (const objects of [Math.round(cold * FIRST_SHARE), cold]) {
    await grow(bench, held, objects);
    held = objects;
    for (let round = 1; round <= rounds; round++) {
      for (const contestant of names) {
        const edits = objects === cold ? ++revision : undefined;
        results.add({ phase: 'cold', objects, round, workers: 4, contestant }, await measureColdStart(bench, contestant, objects, edits));
      }
    }
  }
}

async function main(): Promise<void> {
  const settings = readSettings();
  const programs = { peer: await ensurePeer(), subject: await compileSubject() };
  // Without audit, whose cost is the number of calls and not what they do.
  const plane = await startControlPlane({ apiServerArgs: ['--audit-log-path='] });
  const api = connect(plane);
  try {
    // Nothing else may act on what is measured; it is not needed for anything here.
    await plane.signal('kube-controller-manager', 'STOP');
    await installKind(api);
    const bench = { plane, api, programs, nodeFlags: values['node-flags'].split(' ').filter((flag) => flag !== '') };
    const results = openResults();
    if (settings.objects > 0) await settling(bench, results, settings);
    if (settings.cold > 0) await coldStart(bench, results, settings);
    show([results.file], values.publish);
  } finally {
    await api.close();
    await plane.stop();
  }
}

try {
  if (values.tables === undefined) await main();
  // Of files that are there, such as those of two runs of different phases.
  else show(values.tables.split(','), values.publish);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
