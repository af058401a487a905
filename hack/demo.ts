/** `demo.ts up` shows the operator in a realm of its own on this machine; `demo.ts down` removes all of it. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER_LABEL, labelsWith, removeBelongings } from '../test/env/belongings.ts';
import { installInto } from '../test/env/install.ts';
import { findRealm, type KeptRealm, mustBeOurs, resumeRealm } from '../test/env/kept-realm.ts';
import { kubectl } from '../test/env/kubectl.ts';
import { startRealm } from '../test/env/realm.ts';
import { lendAndUseUp, type Run } from './demo.grant.ts';
import { alone } from './testbed/alone.ts';
import { ensureDocker } from './testbed/docker.ts';
import { attempt, ROOT, seconds, SetupError, step } from './testbed/steps.ts';
import { prepareRealms } from './testbed/testbed.ts';

/** Each checkout has its own demo: one must not take away another's. */
const NAME = `keystone-demo-${createHash('sha256').update(ROOT).digest('hex').slice(0, 6)}`;
const REALM = 'demo-home';
const FOLDER = join(ROOT, '.cache/demo');
const REALM_FOLDER = join(FOLDER, 'realm');
const KUBECONFIG = join(FOLDER, 'kubeconfig');
const PATIENCE_MS = 70_000;
const REMEDY = 'make demo-down, then make demo';

async function up(): Promise<void> {
  const started = performance.now();
  mustBeOurs(REALM_FOLDER);
  await prepareRealms();
  const found = await findRealm(REALM_FOLDER);
  // Written once it was up: before that nobody has anything in it.
  if (found.nodes.length > 0 && existsSync(KUBECONFIG)) await keep(found);
  else await step('Starting a realm: a Kubernetes cluster of one node', '10 s', startFresh);
  await step('Building the image of the operator and installing it', '20 s once it is built', () =>
    installInto({ kubeconfigPath: KUBECONFIG, nodes: [{ name: NAME }] }, REALM),
  );
  const refusal = await step('Lending one CPU to bob-home, and using it up', '10 s', () => lendAndUseUp(run, REALM));
  await show(refusal);
  console.log(`\nThe demo is up after ${seconds(started)}.`);
}

/** What somebody works in is never taken away here. */
async function keep(found: KeptRealm): Promise<void> {
  if (!found.isReady) await step('Starting the realm of the last demo again', '10 s', () => resumeRealm(REALM_FOLDER, found, REMEDY));
  await mustKubectl('get', '--raw', '/readyz');
  console.log('• Keeping the realm of the last demo and what is in it');
}

async function startFresh(): Promise<void> {
  // What is left of one that never came up would be in the way.
  await removeBelongings(REALM_FOLDER);
  mkdirSync(REALM_FOLDER, { recursive: true });
  const { kubeconfigPath } = await startRealm({ name: NAME, keepIn: REALM_FOLDER });
  copyFileSync(kubeconfigPath, KUBECONFIG);
}

async function mustKubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  if (code === 0) return stdout;
  throw new SetupError(`kubectl ${args.join(' ')} failed: ${stderr.trim()}\nTo start over: ${REMEDY}`);
}

const run: Run = (args, stdin) => kubectl(KUBECONFIG, args, { withinMs: PATIENCE_MS, ...(stdin === undefined ? {} : { stdin }) });

async function show(refusal: string): Promise<void> {
  console.log('\n$ kubectl get clusterregistrations');
  console.log(await mustKubectl('get', 'clusterregistrations'));
  console.log('$ kubectl get grants -n keystone-system');
  console.log(await mustKubectl('get', 'grants', '-n', 'keystone-system'));
  console.log(`Three Pods of 300m run in the one CPU that is lent; the fourth was refused:\n  ${refusal}\n`);
  const turns = [
    ['kubectl get clusterregistration local -o yaml', 'who this realm is'],
    ['kubectl explain clusterregistration.status', 'what each field says'],
    ['kubectl delete secret --all -n keystone-system --dry-run=server', 'what that would mean'],
    ['kubectl get keystone -A', 'everything of ours'],
    ['kubectl patch grant for-bob -n keystone-system --type=merge -p \'{"spec":{"revoked":true}}\'', 'takes the slice back'],
    ['kubectl logs -f deployment/keystone-operator -n keystone-system', 'what the operator does'],
    ['make demo-down', 'ends it all'],
  ];
  console.log(`Your turn:\n  export KUBECONFIG='${KUBECONFIG}' PATH="${join(ROOT, 'bin')}:$PATH"`);
  for (const [command = '', why] of turns) console.log(`  ${command.padEnd(90)} # ${why}`);
}

async function down(): Promise<void> {
  const nothing = 'No demo was up.';
  if (!existsSync(FOLDER) && !attempt('docker', 'version').ok) return console.log(nothing);
  await ensureDocker();
  // Somebody may have cleaned the checkout while it was up.
  const isUp = (await labelsWith(FOLDER_LABEL)).some((labels) => labels[FOLDER_LABEL] === REALM_FOLDER);
  if (!isUp && !existsSync(FOLDER)) return console.log(nothing);
  mustBeOurs(REALM_FOLDER);
  await removeBelongings(REALM_FOLDER);
  rmSync(FOLDER, { recursive: true, force: true });
  console.log('The demo is down and everything it made is gone.');
}

try {
  const [command = 'up', ...rest] = process.argv.slice(2);
  if (rest.length > 0 || (command !== 'up' && command !== 'down')) throw new SetupError('usage: demo.ts [up|down]');
  await alone(join(ROOT, '.cache/demo.lock'), () => (command === 'up' ? up() : down()));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
