import { networkInterfaces } from 'node:os';
import { BlockList } from 'node:net';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { type Answer, ok, type Api } from '../env/api.ts';
import type { ControlPlane } from '../env/control-plane.ts';
import { eventually } from '../env/eventually.ts';
import { freePort, installOperator, must, OPERATOR_NAMESPACE, startOperator, type OperatorProcess } from '../env/operator.ts';
import { grant, grantsIn } from '../grant/schema.ts';
import { foundRealm } from '../grant/realm.ts';

const SLICES = `/apis/discovery.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/endpointslices`;
const SERVICE = 'keystone-webhook';
const PORT = 'webhook-server';
const MERGE = { contentType: 'application/merge-patch+json' };
/** Kubernetes' own probes are slower; what matters is that the news takes a while. */
const PROBE_MS = 300;

/** One replica that serves webhooks, found by the API server through the Service as installed. */
export interface WebhookReplica {
  readonly operator: OperatorProcess;
  readonly port: number;
  readonly address: string;
  /** Asks it to go, as a kubelet does: it is taken out of the Service at once, and the news takes its time. Gives the exit code. */
  retire(): Promise<number | NodeJS.Signals | null>;
}

/** The operator's webhooks on a real API server: the shipped manifests, and processes in the place of Pods. */
export interface WebhookWorld {
  /** With the operator's own rights. */
  readonly kubeconfig: string;
  start(args?: readonly string[], kubeconfig?: string): Promise<WebhookReplica>;
  /** A slice with these limits, in force. */
  lend(name: string, hard: Readonly<Record<string, string>>): Promise<string>;
  close(): Promise<void>;
}

/** Installs CRDs, policies, permissions, registrations and the Service. */
export async function openWorld(plane: ControlPlane, api: Api): Promise<WebhookWorld> {
  const { kubeconfig, remove } = await installOperator(plane);
  await must(plane, ['apply', '--server-side', '-k', 'config/webhook']);
  await foundRealm(api);
  const address = addressFor(plane);
  const replicas: WebhookReplica[] = [];
  let started = 0;
  return {
    kubeconfig,
    async start(args = [], as = kubeconfig) {
      const port = await freePort();
      const operator = await startOperator({
        kubeconfig: as,
        env: { KEYSTONE_REALM: 'alice-home' },
        args: [`--webhook-bind-address=${address}:${port}`, '--webhook-shutdown-delay=2s', ...args],
      });
      const name = `replica-${(started += 1)}`;
      const endpoint = (ready: boolean) => [{ addresses: [address], conditions: { ready } }];
      const metadata = { name, labels: { 'kubernetes.io/service-name': SERVICE } };
      const body = { metadata, addressType: 'IPv4', endpoints: endpoint(false), ports: [{ name: PORT, port, protocol: 'TCP' }] };
      ok(await api.call('POST', SLICES, { body }));
      const say = (ready: boolean) => api.call('PATCH', `${SLICES}/${name}`, { ...MERGE, body: { endpoints: endpoint(ready) } });
      const over = new AbortController();
      void probing(operator, say, over.signal);
      const replica: WebhookReplica = {
        operator,
        port,
        address,
        async retire() {
          over.abort();
          operator.signal('SIGTERM');
          // A Pod that is being deleted leaves the Service at once; whoever calls hears of it a little later.
          setTimeout(() => void say(false).catch(() => undefined), PROBE_MS);
          const code = await operator.exited;
          await api.call('DELETE', `${SLICES}/${name}`);
          return code;
        },
      };
      replicas.push(replica);
      return replica;
    },
    lend: (name, hard) => lend(api, name, hard),
    async close() {
      await must(plane, ['delete', 'grants', '--all', '-n', OPERATOR_NAMESPACE, '--timeout=60s'], { withinMs: 70_000 });
      await Promise.all(replicas.map((replica) => replica.retire()));
      await must(plane, ['delete', '--ignore-not-found', '-k', 'config/webhook']);
      await must(plane, ['delete', 'secret', '--ignore-not-found', '-n', OPERATOR_NAMESPACE, 'keystone-webhook-certificates']);
      await must(plane, ['delete', 'clusterregistration', 'local', '--ignore-not-found']);
      remove();
    },
  };
}

/** Tells the Service whether a replica is ready, as kubelet and endpoint controller do together. */
async function probing(operator: OperatorProcess, say: (ready: boolean) => Promise<Answer>, signal: AbortSignal): Promise<void> {
  let was = false;
  while (!signal.aborted) {
    const is = (await operator.probe('/readyz').catch(() => '')) === '200 ok';
    const news = is !== was && !signal.aborted;
    // What could not be said is said next time.
    if (!news || (await say(is).then(isDone, () => false))) was = is;
    await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
  }
}

const isDone = ({ status }: Answer): boolean => status < 300;

async function lend(api: Api, name: string, hard: Readonly<Record<string, string>>): Promise<string> {
  const body = { ...grant({ hard, overcommit: 'Allow' }), metadata: { name } };
  ok(await api.call('POST', grantsIn(OPERATOR_NAMESPACE), { body }));
  const { status } = await eventually(
    async () => {
      const grant = ok<Grant>(await api.call('GET', `${grantsIn(OPERATOR_NAMESPACE)}/${name}`));
      const { status } = grant.status?.conditions?.find(({ type }) => type === 'Usable') ?? {};
      if (status !== 'True') throw new Error(JSON.stringify(grant.status?.conditions));
      return grant;
    },
    { withinMs: 30_000 },
  );
  const namespace = status?.namespace ?? '';
  await eventually(async () => ok(await api.call('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`)));
  return namespace;
}

/** Where the control plane's container finds this machine. */
export function addressFor({ server }: Pick<ControlPlane, 'server'>): string {
  const { hostname } = new URL(server);
  const here = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const shared = here.find(({ family, address, cidr }) => {
    if (family !== 'IPv4' || cidr === null) return false;
    const network = new BlockList();
    network.addSubnet(address, Number(cidr.split('/')[1]));
    return network.check(hostname);
  });
  if (shared === undefined) throw new Error(`this machine has no address in the network of ${server}`);
  return shared.address;
}
