/**
 * Removes what was installed, in an order that always comes to an end: objects of our kinds while the operator can still
 * clean up behind them, then the operator, then everything else, and the CRDs last.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { SLICE_LABEL } from '../../api/keystone/v1alpha1/grant.policies.ts';
import { NO_SETTINGS, controllers } from '../../controllers/rooms.ts';
import { leaseName } from '../../controllers/runtime/rbac.ts';
import { CERTIFICATE_SECRET } from '../../controllers/runtime/serving-self.ts';
import { SetupError } from '../testbed/steps.ts';

/** How long the operator may take to clean up behind one kind: a guest's Pod may take 300 s to end. */
const PATIENCE = '360s';
/** What goes without an operator goes at once. */
const IMPATIENCE = '2s';
/** How long it takes at least until somebody else leads, or one that is started anew. */
const SUCCESSION_S = 15;
const NAMESPACE = 'keystone-system';
const WITHOUT_FINALIZERS = '{"metadata":{"finalizers":null}}';

const { values: options } = parseArgs({
  options: {
    kubectl: { type: 'string', default: 'kubectl' },
    operator: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
  },
});

try {
  const kinds = installedKinds();
  const isServed = await someoneRenews(leaseName('grant'));
  cleanUp(kinds, isServed);
  if (!options.force) mustHaveEnded(isServed);
  if (options.operator) stopOperator();
  deleteRest(kinds);
  if (options.operator) deleteBelongings();
  uninstall(options.operator ? ['webhook', 'network-policy', 'policies', 'rbac', 'crd'] : ['policies', 'crd']);
  if (options.operator)
    console.log(
      `• Kept namespace ${NAMESPACE}: it holds the realm's identity, which peers have pinned. To give that up, too: kubectl delete namespace ${NAMESPACE}`,
    );
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function cleanUp(kinds: readonly string[], isServed: boolean): void {
  console.log(
    `• Deleting all objects of our kinds, ${isServed ? 'while the operator cleans up' : 'though no operator runs that cleans up'} behind them`,
  );
  const patience = isServed ? PATIENCE : IMPATIENCE;
  for (const kind of kinds) kubectl('delete', kind, '--all', '--all-namespaces', `--timeout=${patience}`);
}

/** Whether an operator is at work. Without leader election there is no Lease and nobody can tell: the wait is for nothing at worst. */
async function someoneRenews(lease: string): Promise<boolean> {
  const now = (part: string): string =>
    read('get', 'lease', lease, `--namespace=${NAMESPACE}`, '--ignore-not-found', `--output=jsonpath={.spec.${part}}`);
  const before = now('renewTime');
  if (before === '') return true;
  const patience = Math.max(SUCCESSION_S, Number(now('leaseDurationSeconds')) + 3);
  for (let waited = 0; waited < patience; waited += 1) {
    await sleep(1000);
    if (now('renewTime') !== before) return true;
  }
  return false;
}

/** Nobody but the operator ends a slice, and without the policies nothing keeps its guests to their limits. */
function mustHaveEnded(isServed: boolean): void {
  const slices = read('get', 'namespaces', `--selector=${SLICE_LABEL}`, '--output=jsonpath={.items[*].metadata.name}');
  if (slices === '') return;
  const why = isServed
    ? 'Their Pods may take a while: run this again.'
    : `No operator runs that would end them: start it first ("kubectl get pods -n ${NAMESPACE}" says why it does not).`;
  throw new SetupError(
    `These slices have not ended: ${slices.replaceAll(' ', ', ')}. Nothing else was removed. ${why} ` +
      'With FORCE=1 they stay as they are, with all that runs in them and without the policies that hold guests to their limits.',
  );
}

function stopOperator(): void {
  console.log('• Stopping the operator');
  const wait = ['--ignore-not-found', '--cascade=foreground', '--timeout=90s'];
  kubectl('delete', 'deployment/keystone-operator', `--namespace=${NAMESPACE}`, ...wait);
  kubectl('delete', '--filename=config/manager/serviceaccount.yaml', '--ignore-not-found');
}

/** What stands beside the operator in its namespace, and what it made for itself there; the realm's keys stay. */
function deleteBelongings(): void {
  console.log('• Deleting what belonged to the operator: its metrics Service, leases and certificates');
  const files = ['metrics_service', 'disruption_budget'].map((file) => `--filename=config/manager/${file}.yaml`);
  kubectl('delete', ...files, '--ignore-not-found');
  const leases = controllers(NO_SETTINGS).map(({ name }) => `lease/${leaseName(name)}`);
  kubectl('delete', `--namespace=${NAMESPACE}`, ...leases, `secret/${CERTIFICATE_SECRET}`, '--ignore-not-found');
}

/** ClusterRegistration/local comes back as long as an operator runs; and one that never ran leaves finalizers behind. */
function deleteRest(kinds: readonly string[]): void {
  console.log('• Deleting what is left of our kinds');
  for (const kind of kinds) {
    kubectl('delete', kind, '--all', '--all-namespaces', '--wait=false');
    for (const [namespace, name] of heldObjects(kind)) {
      console.log(`  ${kind} ${name} is held by a finalizer that nobody serves any more: taking it off`);
      const where = namespace === '' ? [] : [`--namespace=${namespace}`];
      kubectl('patch', kind, name, ...where, '--type=merge', `--patch=${WITHOUT_FINALIZERS}`);
    }
  }
}

function uninstall(parts: readonly string[]): void {
  console.log('• Deleting policies, permissions and CRDs');
  for (const part of parts) {
    if (!kubectl('delete', `--kustomize=config/${part}`, '--ignore-not-found', '--timeout=60s'))
      throw new SetupError(`Not everything of config/${part} could be deleted: see above, and run this again`);
  }
}

/** Our kinds, as `plural.group`, that this cluster knows. */
function installedKinds(): readonly string[] {
  const ours = parseAllDocuments(read('kustomize', 'config/crd')).map((document) => String(document.getIn(['metadata', 'name'])));
  const known = read('get', 'crds', '--output=name').split('\n');
  return ours.filter((name) => known.includes(`customresourcedefinition.apiextensions.k8s.io/${name}`));
}

/** Objects that are being deleted and can't go yet. */
function heldObjects(kind: string): readonly (readonly [namespace: string, name: string])[] {
  const template = '{range .items[?(@.metadata.deletionTimestamp)]}{.metadata.namespace}/{.metadata.name}{"\\n"}{end}';
  const lines = read('get', kind, '--all-namespaces', `--output=jsonpath=${template}`).split('\n');
  return lines.filter((line) => line !== '').map((line) => [line.split('/')[0] ?? '', line.split('/')[1] ?? ''] as const);
}

function kubectl(...args: readonly string[]): boolean {
  return spawnSync(options.kubectl, args, { stdio: 'inherit' }).status === 0;
}

function read(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(options.kubectl, args, { encoding: 'utf8' });
  if (status !== 0) throw new SetupError(`kubectl ${args.join(' ')} failed: ${stderr.trim()}`);
  return stdout;
}
