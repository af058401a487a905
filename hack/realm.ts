/** `realm.ts up` starts realms that outlive the command, `realm.ts down` removes all that this checkout started. */
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { docker, KEPT_LABEL, removeContainers } from '../test/env/container.ts';
import { startRealm } from '../test/env/realm.ts';
import { ensureDocker } from './testbed/docker.ts';
import { ROOT, seconds, SetupError, step } from './testbed/steps.ts';
import { prepareRealms } from './testbed/testbed.ts';

const FOLDER = join(ROOT, '.cache/realms');
/** Each checkout has its own realms: one must not take away another's. */
const PREFIX = `realm-${createHash('sha256').update(ROOT).digest('hex').slice(0, 4)}`;
const MOST = 9;

async function up(count: number, nodes: number): Promise<void> {
  const started = performance.now();
  await prepareRealms();
  const wanted = Array.from({ length: count }, (_, index) => String(index + 1));
  const missing = wanted.filter((number) => globSync(join(FOLDER, number, 'admin.conf')).length === 0);
  if (missing.length > 0)
    await step(`Starting ${missing.length === 1 ? 'a realm' : `${missing.length} realms`}`, '10–30 s', () =>
      Promise.all(missing.map((number) => start(number, nodes))),
    );
  for (const number of wanted) console.log(`export KUBECONFIG=${join(FOLDER, number, 'admin.conf')}   # realm ${number}`);
  console.log(`\nUp after ${seconds(started)}. kubectl is bin/kubectl; make realms-down ends all of them.`);
}

async function start(number: string, nodes: number): Promise<void> {
  const keepIn = join(FOLDER, number);
  // What is left of one that was stopped or broken would be in the way.
  await removeKept(keepIn);
  mkdirSync(keepIn, { recursive: true });
  await startRealm({ name: `${PREFIX}-${number}`, nodes, keepIn });
}

async function down(): Promise<void> {
  await ensureDocker();
  const kept = globSync(join(FOLDER, '*/'));
  await Promise.all(kept.map(removeKept));
  console.log(kept.length === 0 ? 'No realm was up.' : `${kept.length} realms are down and everything they made is gone.`);
}

async function removeKept(folder: string): Promise<void> {
  const client = await docker();
  const found = await client.listContainers({ all: true, filters: { label: [`${KEPT_LABEL}=${folder}`] } });
  const names = found.flatMap(({ Names }) => Names.map((name) => name.slice(1)));
  await removeContainers(names, `${PREFIX}-${folder.slice(dirname(folder).length + 1)}`);
  rmSync(folder, { recursive: true, force: true });
}

try {
  const [command = 'up', ...numbers] = process.argv.slice(2);
  const [count = 1, nodes = 1, ...rest] = numbers.map(Number);
  if (rest.length > 0 || (command !== 'up' && command !== 'down')) throw new SetupError('usage: realm.ts up [REALMS [NODES]] | down');
  for (const number of [count, nodes])
    if (!(Number.isInteger(number) && number >= 1 && number <= MOST)) throw new SetupError(`N and NODES are numbers from 1 to ${MOST}`);
  await (command === 'up' ? up(count, nodes) : down());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
