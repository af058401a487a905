import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GenericContainer, PullPolicy, type StartedTestContainer } from 'testcontainers';
import { ensureTailnet } from '../../hack/testbed/tailnet.ts';
import { issueAuthority, issueServer } from '../../controllers/runtime/certificates.ts';
import { claimName } from './belongings.ts';
import { createInternalNetwork, docker } from './container.ts';
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
  /** Runs the gateway's own command line. */
  readonly tailscale: (args: readonly string[], stdin?: string) => Promise<string>;
  /** Lets the tailnet reach HOST:PORT of this realm under a port of the gateway's address. */
  readonly serve: (port: number, target: string) => Promise<void>;
}

/** Several realms in one real tailnet. */
export interface Tailnet {
  /** What the network between the realms is called, and Headscale's container. */
  readonly name: string;
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

/**
 * Starts a Headscale and a gateway in each realm, and returns when all have joined. Between them is a network as the internet is to
 * households: Headscale stands in it, and the first node of each realm, which lets out what its Pods send and nothing in but answers.
 */
export async function startTailnet(realms: readonly Realm[]): Promise<Tailnet> {
  const images = await ensureTailnet();
  const { name, folder: workDir, labels, end: stop } = claimName('keystone-tailnet');
  try {
    await createInternalNetwork(name, labels);
    const network = (await docker()).getNetwork(name);
    // Every node stands behind a wall from the beginning, see docs/testbed.md.
    await Promise.all(realms.map(({ nodes: [first] }) => network.connect({ Container: first.name })));
    const ca = writeCoordinator(workDir);
    const container = await startCoordinator(images.headscale, name, workDir, labels);
    const headscale = commandLine(container);
    const joining = { ca, image: images.tailscaled, headscale, coordinator: container.getIpAddress(name) };
    const gateways = await Promise.all(realms.map((realm, index) => enter(realm, index, joining)));
    return {
      name,
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
  const files = { 'tls.crt': cert, 'tls.key': key, 'config.yaml': headscaleConfig(), 'resolv.conf': '' };
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  chmodSync(folder, 0o755);
  return authority.cert;
}

function startCoordinator(image: string, name: string, workDir: string, labels: Record<string, string>): Promise<StartedTestContainer> {
  return new GenericContainer(image)
    .withName(name)
    .withNetworkMode(name)
    .withPullPolicy(PullPolicy.neverPull())
    .withLabels(labels)
    .withTmpFs({ '/state': '', '/run': '' })
    .withBindMounts([
      { source: workDir, target: '/hs', mode: 'ro' },
      // As on nodes: Docker's resolver asks others beyond this machine, in older versions from any network.
      { source: join(workDir, 'resolv.conf'), target: '/etc/resolv.conf', mode: 'ro' },
    ])
    .withCommand(['serve', '-c', '/hs/config.yaml'])
    .start();
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
  /** Headscale's address. */
  readonly coordinator: string;
}

async function enter(realm: Realm, index: number, { ca, image, headscale, coordinator }: Joining): Promise<Gateway> {
  const name = `realm-${index + 1}`;
  await loadImage(realm, image);
  const user = (await headscale('users', 'create', name)) as { readonly id: number };
  const { key } = (await headscale('preauthkeys', 'create', '--user', String(user.id), '--expiration', '1h')) as { readonly key: string };
  await realm.apply(...gatewayObjects({ image, ca, coordinator, hostname: HEADSCALE_NAME }));
  await realm.kubectl(['-n', NAMESPACE, 'rollout', 'status', 'deployment/gateway', '--timeout=60s'], { withinMs: 70_000 });
  const tailscale = (args: readonly string[], stdin?: string): Promise<string> =>
    realm.kubectl(['-n', NAMESPACE, 'exec', '-i', 'deployment/gateway', '--', ...TAILSCALE, ...args], {
      ...(stdin === undefined ? {} : { stdin }),
      withinMs: 70_000,
    });
  const server = `https://${HEADSCALE_NAME}:${HEADSCALE_PORT}`;
  await tailscale(['up', `--login-server=${server}`, `--authkey=${key}`, `--hostname=${name}`, '--accept-dns=false', '--timeout=60s']);
  const address = (await tailscale(['ip', '-4'])).trim();
  const served = new Map<string, object>();
  return {
    realm,
    name,
    address,
    tailscale,
    proxy: `socks5://gateway.${NAMESPACE}.svc.cluster.local:1055`,
    serve: async (port, target) => {
      served.set(String(port), { TCPForward: target });
      await tailscale(['serve', 'set-raw'], JSON.stringify({ TCP: Object.fromEntries(served) }));
    },
  };
}
