import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GenericContainer, PullPolicy, type StartedTestContainer } from 'testcontainers';
import { ensureTailnet } from '../../hack/testbed/tailnet.ts';
import { issueAuthority, issueServer } from '../../controllers/runtime/certificates.ts';
import { docker, ownedByThisProcess, removeAtExit, removeContainers } from './container.ts';
import { eventually } from './eventually.ts';
import { gatewayObjects, NAMESPACE, TAILSCALE } from './tailnet-gateway.ts';
import { HEADSCALE_NAME, HEADSCALE_PORT, headscaleConfig } from './tailnet-config.ts';
import { loadImage } from './realm-images.ts';
import type { Realm } from './realm.ts';

const HOUR_MS = 3_600_000;

/** How one realm takes part. */
export interface Gateway {
  readonly realm: Realm;
  /** Its name and address in the tailnet. */
  readonly name: string;
  readonly address: string;
  /** The way of this realm's Pods into the tailnet. */
  readonly proxy: string;
  /** Lets the tailnet reach HOST:PORT of this realm under a port of the gateway's address. */
  readonly serve: (port: number, target: string) => Promise<void>;
}

/** Several realms in one real tailnet: they share nothing but a Headscale that each of them reaches. */
export interface Tailnet {
  /** In the order of the realms. */
  readonly gateways: readonly Gateway[];
  /** Runs Headscale's own command line and returns what it answers. */
  readonly headscale: (...args: readonly string[]) => Promise<unknown>;
  /** Says who may call whom. */
  readonly setPolicy: (policy: object) => Promise<void>;
  /** Ends the key of a gateway, as a realm's owner does who lets nobody in any more. */
  readonly expire: (gateway: Gateway) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts a Headscale in the networks of all these realms and a gateway in each, and returns when all have joined. */
export async function startTailnet(realms: readonly Realm[]): Promise<Tailnet> {
  const images = await ensureTailnet();
  const name = `keystone-tailnet-${randomUUID().slice(0, 8)}`;
  const workDir = mkdtempSync(join(tmpdir(), `${name}-`));
  const forgetExit = removeAtExit([name], name, workDir);
  const stop = async (): Promise<void> => {
    await removeContainers([name], name);
    rmSync(workDir, { recursive: true, force: true });
    forgetExit();
  };
  try {
    const ca = writeCoordinator(workDir);
    const container = await startCoordinator(images.headscale, name, workDir, realms);
    const headscale = commandLine(container);
    const gateways = await Promise.all(realms.map((realm, index) => enter(realm, index, { ca, image: images.tailscaled, headscale })));
    return {
      gateways,
      headscale,
      setPolicy: async (policy) => {
        writeFileSync(join(workDir, 'policy.json'), JSON.stringify(policy));
        await headscale('policy', 'set', '--file', '/hs/policy.json');
      },
      expire: async (gateway) => {
        const nodes = (await headscale('nodes', 'list')) as readonly { readonly id: number; readonly given_name: string }[];
        const id = nodes.find(({ given_name }) => given_name === gateway.name)?.id;
        if (id === undefined) throw new Error(`Headscale knows no ${gateway.name}: ${JSON.stringify(nodes)}`);
        await headscale('nodes', 'expire', '--identifier', String(id));
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Headscale's files; returns the authority that its certificate is trusted by. */
function writeCoordinator(folder: string): string {
  const validity = { from: new Date(Date.now() - HOUR_MS), until: new Date(Date.now() + 24 * HOUR_MS) };
  const authority = { name: 'tailnet', ...issueAuthority('tailnet', validity) };
  const { cert, key } = issueServer(authority, [HEADSCALE_NAME], validity);
  for (const [file, content] of Object.entries({ 'tls.crt': cert, 'tls.key': key, 'config.yaml': headscaleConfig() }))
    writeFileSync(join(folder, file), content);
  chmodSync(folder, 0o755);
  return authority.cert;
}

/** The address that Headscale has in a realm's network: the last of the block of nodes. */
const coordinatorIn = ({ nodes: [{ address }] }: Realm): string => address.replace(/\d+$/, '250');

async function startCoordinator(image: string, name: string, workDir: string, realms: readonly Realm[]): Promise<StartedTestContainer> {
  const [first, ...more] = realms;
  if (first === undefined) throw new Error('a tailnet is of one realm at least');
  const container = await new HeadscaleContainer(image, coordinatorIn(first), first.name)
    .withName(name)
    .withPullPolicy(PullPolicy.neverPull())
    .withLabels(ownedByThisProcess())
    .withTmpFs({ '/state': '', '/run': '' })
    .withBindMounts([{ source: workDir, target: '/hs', mode: 'ro' }])
    .withCommand(['serve', '-c', '/hs/config.yaml'])
    .start();
  const client = await docker();
  for (const realm of more)
    await client
      .getNetwork(realm.name)
      .connect({ Container: container.getId(), EndpointConfig: { IPAMConfig: { IPv4Address: coordinatorIn(realm) } } });
  return container;
}

/** One with an address of its own choice. */
class HeadscaleContainer extends GenericContainer {
  constructor(image: string, address: string, network: string) {
    super(image);
    this.withNetworkMode(network);
    this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } };
  }
}

function commandLine(container: StartedTestContainer): Tailnet['headscale'] {
  return (...args) =>
    // It starts in a second, and until then nobody answers its command line.
    eventually(
      async () => {
        const { exitCode, output } = await container.exec(['/headscale', '-c', '/hs/config.yaml', ...args, '--output', 'json']);
        if (exitCode !== 0) throw new Error(`headscale ${args.join(' ')} ended with ${exitCode}: ${output.trim()}`);
        const start = output.search(/[[{"]/);
        return start < 0 ? undefined : (JSON.parse(output.slice(start)) as unknown);
      },
      { withinMs: 15_000, everyMs: 200 },
    );
}

interface Joining {
  readonly ca: string;
  readonly image: string;
  readonly headscale: Tailnet['headscale'];
}

async function enter(realm: Realm, index: number, { ca, image, headscale }: Joining): Promise<Gateway> {
  const name = `realm-${index + 1}`;
  await loadImage(realm, image);
  const user = (await headscale('users', 'create', name)) as { readonly id: number };
  const { key } = (await headscale('preauthkeys', 'create', '--user', String(user.id), '--expiration', '1h')) as { readonly key: string };
  await realm.apply(...gatewayObjects({ image, ca, coordinator: coordinatorIn(realm), hostname: HEADSCALE_NAME }));
  await realm.kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/gateway', '--timeout=60s'], { withinMs: 70_000 });
  const tailscale = (args: readonly string[], stdin?: string): Promise<string> =>
    realm.kubectl(['-n', NAMESPACE, 'exec', '-i', 'deployment/gateway', '--', ...TAILSCALE, ...args], {
      ...(stdin === undefined ? {} : { stdin }),
      withinMs: 60_000,
    });
  const server = `https://${HEADSCALE_NAME}:${HEADSCALE_PORT}`;
  await tailscale(['up', `--login-server=${server}`, `--authkey=${key}`, `--hostname=${name}`, '--accept-dns=false', '--timeout=30s']);
  const address = (await tailscale(['ip', '-4'])).trim();
  const served = new Map<string, object>();
  return {
    realm,
    name,
    address,
    proxy: `socks5://gateway.${NAMESPACE}.svc.cluster.local:1055`,
    serve: async (port, target) => {
      served.set(String(port), { TCPForward: target });
      await tailscale(['serve', 'set-raw'], JSON.stringify({ TCP: Object.fromEntries(served) }));
    },
  };
}
