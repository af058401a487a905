import { POD_IMAGE } from './testbed/realm-bundle.ts';
import { eventually } from '../test/env/eventually.ts';
import type { KubectlResult } from '../test/env/kubectl.ts';

/** Runs kubectl against the demo. */
export type Run = (args: readonly string[], stdin?: string) => Promise<KubectlResult>;

const NAMESPACE = 'keystone-system';
const GRANT = 'for-bob';
/** Each asks for 300 thousandths of the one CPU that is lent: the fourth does not fit. */
const PODS = ['one', 'two', 'three', 'four'];

/** All that somebody who plays with the demo may have changed is said: what is left out stays as it is. */
const grant = (realm: string): object => ({
  apiVersion: 'keystone.io/v1alpha1',
  kind: 'Grant',
  metadata: { name: GRANT, namespace: NAMESPACE },
  spec: {
    grantorRealm: realm,
    granteeRealm: 'bob-home',
    hard: { 'requests.cpu': '1', 'requests.memory': '1Gi' },
    cordoned: false,
    revoked: false,
  },
});

const resources = { requests: { cpu: '300m', memory: '64Mi' }, limits: { cpu: '300m', memory: '64Mi' } };
const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const pod = (name: string, namespace: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'work', image: POD_IMAGE, imagePullPolicy: 'Never', resources, securityContext }],
  },
});

/** Lends one CPU, uses it up, and returns what the API server says to the one who wants more. */
export async function lendAndUseUp(run: Run, realm: string): Promise<string> {
  await must(run, ['apply', '-f', '-'], JSON.stringify(grant(realm)));
  await must(run, ['wait', '--for=condition=Usable', `grant/${GRANT}`, '-n', NAMESPACE, '--timeout=60s']);
  const namespace = await must(run, ['get', `grant/${GRANT}`, '-n', NAMESPACE, '-o', 'jsonpath={.status.namespace}']);
  await must(run, ['wait', '--for=create', 'serviceaccount/default', '-n', namespace, '--timeout=30s']);
  let refusal = '';
  for (const name of PODS) refusal = (await run(['apply', '-f', '-'], JSON.stringify(pod(name, namespace)))).stderr.trim();
  await must(run, ['wait', '--for=condition=Ready', 'pod', '--all', '-n', namespace, '--timeout=60s']);
  if (!refusal.includes('exceeded quota')) throw new Error(`The fourth pod was not refused as it should be: ${refusal}`);
  await eventually(async () => {
    const used = await must(run, ['get', `grant/${GRANT}`, '-n', NAMESPACE, '-o', 'jsonpath={.status.used.requests\\.cpu}']);
    if (used !== '900m') throw new Error(`The Grant says that ${used} of CPU is used`);
  });
  return refusal;
}

async function must(run: Run, args: readonly string[], stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await run(args, stdin);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed: ${stderr.trim()}`);
  return stdout;
}
