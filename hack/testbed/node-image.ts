import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDebootstrap } from './debian.ts';
import { hasImage, importRoot } from './image.ts';
import { scratch } from './scratch.ts';
import { attempt, run, SetupError, step } from './steps.ts';

/** The distribution whose container runtime a node has: containerd 1.6 and runc 1.1. */
const SUITE = 'bookworm';
const BASE = `debian:${SUITE}-slim`;
const RUNTIME = ['containerd', 'runc', 'containernetworking-plugins'];
const NETWORK = ['iptables', 'ipset', 'conntrack', 'iproute2', 'ethtool', 'kmod'];
/** What kubelet mounts, forwards and measures with. */
const MACHINE = ['mount', 'util-linux', 'socat', 'procps', 'ca-certificates', 'netbase'];
const PACKAGES = [...RUNTIME, ...NETWORK, ...MACHINE];
/** Of no use in a container. */
const SURPLUS = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info', 'var/cache/apt', 'var/lib/apt/lists'];
/** Kubernetes and our programs are mounted, so that a new one of them needs no new image. */
const SETTINGS = [
  'ENV PATH=/opt/kubernetes:/opt/realm:/usr/sbin:/usr/bin:/sbin:/bin',
  'ENTRYPOINT ["/opt/kubernetes/hyper","init","node"]',
  // An overlay does not stand on an overlay.
  'VOLUME /var',
];
const PULL_TIMEOUT_MS = 180_000;

/** Makes the image that nodes of realms are started from unless it is there, and returns its name. */
export async function ensureNodeImage(): Promise<string> {
  const content = createHash('sha256').update(JSON.stringify([SUITE, PACKAGES, SURPLUS, SETTINGS]));
  const image = `keystone.test/node:${content.digest('hex').slice(0, 12)}`;
  if (hasImage(image)) return image;
  if (hasImage(BASE) || (await step(`Asking for ${BASE}, which not every Docker may pull`, '10 s, at most 3 min', pull)))
    await step(`Making the image of a node on ${BASE}`, '1 min', () => buildOn(BASE, image));
  else await step('Making the image of a node from packages of the distribution', '1–2 min', () => bootstrap(image));
  return image;
}

const pull = (): boolean => spawnSync('docker', ['pull', '--quiet', BASE], { stdio: 'ignore', timeout: PULL_TIMEOUT_MS }).status === 0;

async function buildOn(base: string, image: string): Promise<void> {
  const lines = [
    `FROM ${base}`,
    `RUN apt-get update && apt-get install -y --no-install-recommends ${PACKAGES.join(' ')} && rm -rf ${SURPLUS.map((path) => `/${path}`).join(' ')}`,
    ...SETTINGS,
  ];
  await run('docker', ['build', '--tag', image, '-'], { stdin: lines.join('\n') });
}

async function bootstrap(image: string): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new SetupError(`Docker can't pull ${BASE}, and only root can make a stand-in: run this once as root, or make pulling possible.`);
  const { program, env } = await ensureDebootstrap();
  const root = scratch(tmpdir(), 'keystone-node');
  try {
    const source = /^(?:URIs:|deb(?: \[[^\]]*\])?)\s*(http\S+debian)\b/m.exec(
      attempt('sh', '-c', 'cat /etc/apt/sources.list /etc/apt/sources.list.d/*').output,
    )?.[1];
    const args = ['--variant=minbase', `--include=${PACKAGES.join(',')}`, SUITE, root, ...(source === undefined ? [] : [source])];
    await run(program, args, { env });
    for (const path of SURPLUS) rmSync(join(root, path), { recursive: true, force: true });
    await importRoot(root, image, SETTINGS);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
