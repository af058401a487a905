/** `realm.ts up` starts realms that outlive the command, `realm.ts down` removes all that this checkout started. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FOLDER_LABEL, labelsWith, removeBelongings } from '../test/env/belongings.ts';
import { findRealm, type KeptRealm, mustBeOurs, resumeRealm } from '../test/env/kept-realm.ts';
import { startRealm } from '../test/env/realm.ts';
import { alone } from './testbed/alone.ts';
import { ensureDocker } from './testbed/docker.ts';
import { mustAllBeDone } from './testbed/settled.ts';
import { attempt, ROOT, seconds, SetupError, step } from './testbed/steps.ts';
import { prepareRealms } from './testbed/testbed.ts';

const FOLDER = join(ROOT, '.cache/realms');
/** Each checkout has its own realms: one must not take away another's. */
const PREFIX = `realm-${createHash('sha256').update(ROOT).digest('hex').slice(0, 4)}`;
const MOST = 9;
/** Stands in the folder of a realm that was up once: somebody may have work in it. */
const UP_MARK = 'up';
const REMEDY = 'make realms-down, then make realm';

async function up(count: number, nodes: number): Promise<void> {
  const started = performance.now();
  await prepareRealms();
  const folders = Array.from({ length: count }, (_, index) => join(FOLDER, String(index + 1)));
  // Whoever gave up at the first failure would leave others starting, with nobody to keep a second command away from them.
  const outcomes = await Promise.allSettled(folders.map((folder) => raise(folder, nodes)));
  for (const folder of folders.filter((_, index) => outcomes[index]?.status === 'fulfilled')) {
    const names = (await findRealm(folder)).nodes.map(({ name }) => name);
    console.log(`\nRealm ${basename(folder)}, nodes ${names.join(' ')}:\n  export KUBECONFIG='${join(folder, 'admin.conf')}'`);
  }
  mustAllBeDone(outcomes);
  console.log(`\nUp after ${seconds(started)}. kubectl is bin/kubectl; make realms-down ends all of them.`);
}

/** Keeps a realm that is up, goes on with one that stands still, and makes one where there is none or half of one. */
async function raise(folder: string, nodes: number): Promise<void> {
  const what = `realm ${basename(folder)}`;
  mustBeOurs(folder);
  const found = await findRealm(folder);
  if (found.nodes.length > 0 && existsSync(join(folder, UP_MARK))) return keep(folder, found, what, nodes);
  await step(`Starting ${what}`, '10–30 s', async () => {
    await removeBelongings(folder);
    mkdirSync(folder, { recursive: true });
    await startRealm({ name: `${PREFIX}-${basename(folder)}`, nodes, keepIn: folder });
    writeFileSync(join(folder, UP_MARK), '');
  });
}

/** What somebody works in is never taken away here. */
async function keep(folder: string, found: KeptRealm, what: string, nodes: number): Promise<void> {
  if (!existsSync(join(folder, 'admin.conf')))
    throw new SetupError(`${folder}/admin.conf is gone, without which nobody gets into ${what}. To start over: ${REMEDY}`);
  if (!found.isReady) await step(`Starting ${what} again`, '10 s', () => resumeRealm(folder, found, REMEDY));
  const other = found.nodes.length === nodes ? '' : `, of ${found.nodes.length} nodes and not ${nodes}: make realms-down first for another`;
  console.log(`• Keeping ${what}, which is up${other}`);
}

async function down(): Promise<void> {
  const nothing = 'No realm was up.';
  const had = existsSync(FOLDER) && readdirSync(FOLDER).length > 0;
  if (!had && !attempt('docker', 'version').ok) return console.log(nothing);
  await ensureDocker();
  const found = (await labelsWith(FOLDER_LABEL)).map((labels) => labels[FOLDER_LABEL] ?? '');
  const folders = [...new Set(found.filter((folder) => dirname(folder) === FOLDER))];
  if (folders.length === 0) return console.log(nothing);
  for (const folder of folders) mustBeOurs(folder);
  const outcomes = await Promise.allSettled(folders.map((folder) => removeBelongings(folder)));
  const ended = outcomes.filter(({ status }) => status === 'fulfilled').length;
  if (ended > 0) console.log(`${ended === 1 ? 'One realm is' : `${ended} realms are`} down, and everything they made is gone.`);
  mustAllBeDone(outcomes);
}

try {
  const [command = 'up', ...numbers] = process.argv.slice(2);
  const [count = 1, nodes = 1, ...rest] = numbers.map(Number);
  if (rest.length > 0 || (command !== 'up' && command !== 'down')) throw new SetupError('usage: realm.ts up [REALMS [NODES]] | down');
  for (const number of [count, nodes])
    if (!(Number.isInteger(number) && number >= 1 && number <= MOST)) throw new SetupError(`N and NODES are numbers from 1 to ${MOST}`);
  await alone(join(ROOT, '.cache/realms.lock'), () => (command === 'up' ? up(count, nodes) : down()));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
