/** Sets up the testbed: `build.ts` all of it, `build.ts kubectl` only what needs no Docker. */
import { ensureHyper } from './hyper.ts';
import { seconds, SetupError } from './steps.ts';
import { prepareTestbed } from './testbed.ts';

const started = performance.now();
const [what = 'all', ...rest] = process.argv.slice(2);
try {
  if (rest.length > 0 || (what !== 'all' && what !== 'kubectl')) throw new SetupError('usage: build.ts [all|kubectl]');
  console.log(what === 'kubectl' ? `bin/kubectl of ${await ensureHyper()}` : `Image ${(await prepareTestbed()).image}`);
  console.log(`Testbed ready after ${seconds(started)}.`);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
