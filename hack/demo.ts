/** `demo.ts up` shows the operator on a control plane of its own on this machine; `demo.ts down` removes all of it. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { removeContainers } from '../test/env/container.ts';
import { startControlPlane } from '../test/env/control-plane.ts';
import { readAccess } from '../test/env/api.ts';
import { eventually } from '../test/env/eventually.ts';
import { writeKubeconfig } from '../test/env/operator.ts';
import { kubectl } from '../test/env/kubectl.ts';
import { type Background, startInBackground, stopInBackground } from './testbed/background.ts';
import { ensureHyper } from './testbed/hyper.ts';
import { lendAndUseUp, type Run } from './demo.grant.ts';
import { attempt, ROOT, seconds, SetupError, step } from './testbed/steps.ts';

/** Each checkout has its own demo: one must not take away another's. */
const NAME = `keystone-demo-${createHash('sha256').update(ROOT).digest('hex').slice(0, 6)}`;
const REALM = 'demo-home';
const FOLDER = join(ROOT, '.cache/demo');
const KUBECONFIG = join(FOLDER, 'kubeconfig');
const OPERATOR_KUBECONFIG = join(FOLDER, 'operator.kubeconfig');
const READY_SECONDS = 60;
const OPERATOR: Background = {
  pidFile: join(FOLDER, 'operator.pid'),
  log: join(FOLDER, 'operator.log'),
  command: [process.execPath, 'controllers/main.ts'],
};

async function up(): Promise<void> {
  const started = performance.now();
  mkdirSync(FOLDER, { recursive: true });
  if (await isUp()) console.log('• The control plane of the last demo still runs: keeping it and what is in it');
  else await startFresh();
  await step('Installing CRDs, policies and the namespace of the operator', '2 s', install);
  await step('Starting the operator and waiting until it knows its realm', '3 s', startOperator);
  const refusal = await step('Lending one CPU to bob-home, and using it up', '5 s', () => lendAndUseUp(run, REALM));
  await show(refusal);
  console.log(`\nThe demo is up after ${seconds(started)}.`);
}

async function isUp(): Promise<boolean> {
  const running = attempt('docker', 'inspect', '--format', '{{.State.Running}}', NAME).output === 'true';
  if (!running || !existsSync(KUBECONFIG)) return false;
  await ensureHyper();
  const { code } = await kubectl(KUBECONFIG, ['get', '--raw', '/readyz'], { withinMs: 10_000 });
  return code === 0;
}

async function startFresh(): Promise<void> {
  // What is left of one that was stopped or broken would be in the way.
  if (attempt('docker', 'inspect', NAME).ok) await removeContainers([NAME], NAME);
  const workDir = join(FOLDER, 'control-plane');
  rmSync(workDir, { recursive: true, force: true });
  mkdirSync(workDir);
  const plane = await step('Starting etcd, kube-apiserver and kube-controller-manager', '5 s once they are built', () =>
    startControlPlane({ keepAs: { name: NAME, workDir } }),
  );
  copyFileSync(plane.kubeconfigPath, KUBECONFIG);
}

async function install(): Promise<void> {
  await mustKubectl('apply', '--server-side', '-f', 'config/manager/namespace.yaml');
  await mustKubectl('apply', '--server-side', '-k', 'config/crd');
  await mustKubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
  await mustKubectl('apply', '--server-side', '-k', 'config/policies');
  // The operator runs as its own account, as it would in a Pod: the policies let nobody else touch what it makes.
  await mustKubectl('apply', '--server-side', '-f', 'config/manager/serviceaccount.yaml');
  await mustKubectl('apply', '--server-side', '-k', 'config/rbac');
  const token = await mustKubectl('create', 'token', 'keystone-operator', '-n', 'keystone-system', '--duration=24h');
  const { server, ca } = readAccess(KUBECONFIG);
  writeKubeconfig(OPERATOR_KUBECONFIG, server, ca, { token: token.trim() });
}

async function startOperator(): Promise<void> {
  await stopInBackground(OPERATOR);
  const { PATH, HOME } = process.env;
  // The demo may run beside another operator, which has the usual port.
  const probes = `127.0.0.1:${await freePort()}`;
  const env = { PATH, HOME, KUBECONFIG: OPERATOR_KUBECONFIG, KEYSTONE_REALM: REALM };
  const ended = startInBackground(OPERATOR, [`--health-probe-bind-address=${probes}`], env).then((how) => {
    throw new SetupError(`The operator is gone: ${how}. The end of its log:\n${endOfLog()}`);
  });
  await Promise.race([ended, untilReady(probes)]);
}

async function untilReady(probes: string): Promise<void> {
  const isReady = async (): Promise<void> => {
    const { ok, status } = await fetch(`http://${probes}/readyz`, { signal: AbortSignal.timeout(1_000) });
    if (!ok) throw new SetupError(`the operator's /readyz says ${status}. The end of its log:\n${endOfLog()}`);
  };
  await eventually(isReady, { withinMs: READY_SECONDS * 1000 });
  const local = 'clusterregistration/local';
  await mustKubectl('wait', '--for=create', local, `--timeout=${READY_SECONDS}s`);
  await mustKubectl('wait', '--for=condition=Ready', local, `--timeout=${READY_SECONDS}s`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function mustKubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl(KUBECONFIG, args, { withinMs: (READY_SECONDS + 10) * 1000 });
  if (code === 0) return stdout;
  const log = existsSync(OPERATOR.log) ? `\nThe end of the operator's log:\n${endOfLog()}` : '';
  throw new SetupError(`kubectl ${args.join(' ')} failed: ${stderr.trim()}${log}\nTo start over: make demo-down, then make demo`);
}

function endOfLog(): string {
  return readFileSync(OPERATOR.log, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
}

const run: Run = (args, stdin) =>
  kubectl(KUBECONFIG, args, { withinMs: (READY_SECONDS + 10) * 1000, ...(stdin === undefined ? {} : { stdin }) });

async function show(refusal: string): Promise<void> {
  console.log('\n$ kubectl get clusterregistrations');
  console.log(await mustKubectl('get', 'clusterregistrations'));
  console.log('$ kubectl get grants -n keystone-system');
  console.log(await mustKubectl('get', 'grants', '-n', 'keystone-system'));
  console.log(`Three pods of 300m fit into the one CPU that is lent; the API server itself refused the fourth:\n  ${refusal}\n`);
  const turns = [
    ['kubectl get clusterregistration local -o yaml', 'who this realm is'],
    ['kubectl explain clusterregistration.status', 'what each field says'],
    ['kubectl delete secret --all -n keystone-system --dry-run=server', 'what that would mean'],
    ['kubectl get keystone -A', 'everything of ours'],
    ['kubectl patch grant for-bob -n keystone-system --type=merge -p \'{"spec":{"revoked":true}}\'', 'takes the slice back'],
    [`tail -f ${OPERATOR.log}`, 'what the operator does'],
    ['make demo-down', 'ends it all'],
  ];
  console.log(`Your turn:\n  export KUBECONFIG=${KUBECONFIG} PATH=${join(ROOT, 'bin')}:$PATH`);
  for (const [command = '', why] of turns) console.log(`  ${command.padEnd(90)} # ${why}`);
}

async function down(): Promise<void> {
  const stopped = await stopInBackground(OPERATOR);
  const existed = attempt('docker', 'inspect', NAME).ok;
  if (existed) await removeContainers([NAME], NAME);
  rmSync(FOLDER, { recursive: true, force: true });
  console.log(stopped || existed ? 'The demo is down and everything it made is gone.' : 'No demo was up.');
}

try {
  const [command = 'up', ...rest] = process.argv.slice(2);
  if (rest.length > 0 || (command !== 'up' && command !== 'down')) throw new SetupError('usage: demo.ts [up|down]');
  await (command === 'up' ? up() : down());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
