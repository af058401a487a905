/**
 * Sets up the testbed: `build.ts` what a control plane needs, `build.ts realms` what nodes need, too, `build.ts flux` what tests of GitOps
 * need besides, `build.ts kubectl` only what needs no Docker.
 */
import { ensureFlux } from './flux.ts';
import { ensureHyper } from './hyper.ts';
import { seconds, SetupError } from './steps.ts';
import { prepareRealms, prepareTestbed } from './testbed.ts';

const WAYS = new Map<string, () => Promise<string>>([
  ['all', async () => `Image ${(await prepareTestbed()).image}`],
  ['realms', async () => `Image ${(await prepareRealms()).image}`],
  ['flux', async () => `Images ${(await ensureFlux()).images.join(' and ')}`],
  ['kubectl', async () => `bin/kubectl of ${await ensureHyper()}`],
]);

const started = performance.now();
const [what = 'all', ...rest] = process.argv.slice(2);
try {
  const way = WAYS.get(what);
  if (rest.length > 0 || way === undefined) throw new SetupError(`usage: build.ts [${[...WAYS.keys()].join('|')}]`);
  console.log(await way());
  console.log(`Testbed ready after ${seconds(started)}.`);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
