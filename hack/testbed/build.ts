/**
 * Sets up the testbed: `build.ts` what a control plane needs, `build.ts realms` what nodes need, too, `build.ts flux` what tests of GitOps
 * need besides, `build.ts integration` and `build.ts e2e` what those tests need, `build.ts kubectl` only what needs no Docker.
 */
import { ensureFakeClock, ensureLua, ensurePrometheus } from './debian.ts';
import { ensureFlux, hasFlux } from './flux.ts';
import { ensureHyper } from './hyper.ts';
import { ensureTailnet } from './tailnet.ts';
import { seconds, SetupError } from './steps.ts';
import { prepareRealms, prepareTestbed } from './testbed.ts';

const realms = async (): Promise<string> => `Image ${(await prepareRealms()).image}`;
const flux = async (): Promise<string> => `Images ${(await ensureFlux()).images.join(' and ')}`;
const tailnet = async (): Promise<string> => `Images ${Object.values(await ensureTailnet()).join(' and ')}`;

const WAYS = new Map<string, () => Promise<string>>([
  ['all', async () => `Image ${(await prepareTestbed()).image}`],
  ['realms', realms],
  ['flux', flux],
  ['integration', integration],
  ['e2e', endToEnd],
  ['kubectl', async () => `bin/kubectl of ${await ensureHyper()}`],
]);

/** One after the other: two that fetch at once wait for each other's lists, and fail. */
async function integration(): Promise<string> {
  for (const ensure of [ensurePrometheus, ensureLua, ensureFakeClock]) await ensure();
  return `Image ${(await prepareTestbed()).image}`;
}

/** Before the first test: what one of them compiles would be in what another one measures. Tests skip Flux where it was never built. */
async function endToEnd(): Promise<string> {
  const made = [await realms(), await tailnet()];
  if (process.env['TEST_FULL'] === '1' || hasFlux()) made.push(await flux());
  return made.join('\n');
}

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
