import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { kinds } from '../../api/kinds.ts';
import { collectionPath } from '../../controllers/runtime/resource.ts';
import { connect, ok } from './api.ts';
import { eventually } from './eventually.ts';
import type { ControlPlane } from './control-plane.ts';
import { kubectl, type KubectlOptions } from './kubectl.ts';

/** The namespace that the manifests install into. */
export const OPERATOR_NAMESPACE = 'keystone-system';
const TOKEN = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/keystone-operator/token`;

/** A busy machine needs longer for the start of a process than for all else that tests wait for. */
export const START_MS = 40_000;

/** The operator as people run it: `controllers/main.ts` in a process of its own. */
export interface OperatorProcess {
  /** Everything it said so far, on both streams. */
  readonly output: () => string;
  readonly probe: (path: '/healthz' | '/readyz') => Promise<string>;
  /** Resolves once /readyz says ok. */
  readonly ready: (withinMs?: number) => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  readonly stop: () => Promise<number | NodeJS.Signals | null>;
}

interface OperatorOptions {
  readonly kubeconfig: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** Starts the operator; whoever starts it stops it. */
export async function startOperator({ kubeconfig, env = {}, args = [] }: OperatorOptions): Promise<OperatorProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, ['controllers/main.ts', `--health-probe-bind-address=127.0.0.1:${port}`, ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      KUBECONFIG: kubeconfig,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)));
  const probe = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2000) });
    return `${response.status} ${(await response.text()).trim()}`;
  };
  return {
    output: () => output,
    probe,
    exited,
    signal: (signal) => void child.kill(signal),
    ready: (withinMs = START_MS) =>
      eventually(
        async () => {
          const said = await probe('/readyz');
          if (said !== '200 ok') throw new Error(`/readyz says ${said}\n${output}`);
        },
        { withinMs },
      ),
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** What `make install` and `make deploy` install, short of the Deployment. */
const INSTALLED = [
  'config/manager/namespace.yaml',
  'config/manager/serviceaccount.yaml',
  ...['config/crd', 'config/policies', 'config/rbac'].flatMap((folder) => resourcesOf(folder)),
];

/** Installs it all, and gives a kubeconfig with the operator's own rights only. */
export async function installOperator(plane: ControlPlane): Promise<{ readonly kubeconfig: string; readonly remove: () => void }> {
  // In one call: most files of tests begin with this, and a start of kubectl costs more than what it does here.
  await must(plane, ['apply', '--server-side', ...INSTALLED.map((file) => `--filename=${file}`)]);
  const api = connect(plane);
  try {
    const served = async (path: string): Promise<unknown> => ok(await api.call('GET', `${path}?limit=1`));
    await eventually(() => Promise.all(kinds.map(({ resource }) => served(collectionPath(resource)))), { withinMs: 30_000 });
    // A whole fault matrix takes longer than the hour that a token has unasked.
    const wanted = { body: { spec: { expirationSeconds: 12 * 3600 } } };
    const { status } = ok<{ status: { token: string } }>(await api.call('POST', TOKEN, wanted));
    const folder = mkdtempSync(join(plane.workDir, 'operator-'));
    const kubeconfig = join(folder, 'kubeconfig');
    writeKubeconfig(kubeconfig, plane.server, plane.ca, { token: status.token });
    return { kubeconfig, remove: () => rmSync(folder, { recursive: true }) };
  } finally {
    await api.close();
  }
}

/** What a kustomization is made of, as paths. */
function resourcesOf(folder: string): readonly string[] {
  const { resources } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as { readonly resources: readonly string[] };
  return resources.map((file) => join(folder, file));
}

/** Writes a kubeconfig for one server and one user. */
export function writeKubeconfig(path: string, server: string, ca: string, user: object): void {
  const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(path, stringify(config), { mode: 0o600 });
}

/** Runs kubectl as the administrator and returns what it printed; anything but success is an error that tells what it said. */
export async function must(
  plane: Pick<ControlPlane, 'kubeconfigPath'>,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await kubectl(plane.kubeconfigPath, args, options);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** A port that nothing listens on right now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
