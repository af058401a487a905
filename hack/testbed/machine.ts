import { existsSync } from 'node:fs';
import { requireGo } from './go-build.ts';
import { HYPER } from './hyper.ts';
import { lackOfRoom, PACKAGES_OF_REALMS, room, type Room, roomsOfBuild } from './room.ts';
import { attempt, ROOT, SetupError } from './steps.ts';

/** What a node of a realm is given of this machine. */
export const NODE_DEVICES = ['/dev/kmsg', '/dev/net/tun', '/dev/fuse'] as const;
/** Images, and what Pods of a few realms write. */
const NEEDED_MB = 4_000;
const DEFAULT_CONTEXT = 'default';
/** Either says that br_netfilter is at work: old kernels show the one in no container, and a kernel that it is built into lacks the other. */
const BRIDGE_RULES = ['/proc/sys/net/bridge', '/sys/module/br_netfilter'];

/** What this machine has of what nodes need. */
export interface Machine {
  readonly devices: ReadonlySet<string>;
  readonly rooms: readonly Room[];
  readonly system: string;
  readonly filesystems: string;
  /** Whether what crosses a bridge passes the rules of iptables, too. */
  readonly filtersBridges: boolean;
  /** DOCKER_HOST, the context that the docker command is in, and what its daemon says of its security. */
  readonly docker: { readonly host: string | undefined; readonly context: string; readonly security: string };
}

const REMEDY: Readonly<Record<(typeof NODE_DEVICES)[number], string>> = {
  '/dev/kmsg': 'start Docker on a machine or in a container that has it, as with docker run --device /dev/kmsg',
  '/dev/net/tun': 'run modprobe tun, or give it to the container that you are in by --device /dev/net/tun',
  '/dev/fuse': 'run modprobe fuse, or give it to the container that you are in by --device /dev/fuse',
};

/** One sentence about the first thing that nodes would lack on a machine, and how to get it. */
export function lackOf({ devices, rooms, system, filesystems, filtersBridges, docker }: Machine): string | undefined {
  const { host, context, security } = docker;
  if (system !== 'linux') return `Nodes of realms are Linux containers that share the kernel: on ${system} they need a Linux machine.`;
  if (host !== undefined && !host.startsWith('unix://'))
    return `DOCKER_HOST=${host} names a Docker elsewhere, and nodes of realms need folders and devices of this machine: unset it.`;
  // The library that starts containers knows nothing of contexts.
  if (host === undefined && context !== DEFAULT_CONTEXT)
    return `The docker command is in the context ${context}, where tests would not find what it makes: run docker context use default, or set DOCKER_HOST.`;
  if (security.includes('name=rootless'))
    return 'This Docker runs without root, which keeps its networks from this machine: nodes of realms need one that root runs.';
  const device = NODE_DEVICES.find((path) => !devices.has(path));
  if (device !== undefined) return `This machine has no ${device}, which nodes of realms need: ${REMEDY[device]}.`;
  if (!/\boverlay\b/.test(filesystems)) return 'The kernel has no overlay file system, which containers need: run modprobe overlay.';
  // A node would say that it is ready, and neither policies nor Services would hold between its own Pods.
  if (!filtersBridges)
    return 'The kernel does not show iptables what crosses a bridge, as policies of realms need: run modprobe br_netfilter.';
  return lackOfRoom(rooms);
}

/** Ends with that sentence before anything is begun; Docker is up by then, which in older versions brings br_netfilter itself. */
export function requireMachine(): void {
  const roots = [ROOT, attempt('docker', 'info', '--format', '{{.DockerRootDir}}').output].filter((folder) => existsSync(folder));
  const isBuilt = existsSync(HYPER);
  // As old as contexts, unlike docker context show.
  const context = attempt('docker', 'context', 'inspect', '--format', '{{.Name}}');
  if (!isBuilt) requireGo();
  const lack = lackOf({
    devices: new Set(NODE_DEVICES.filter((path) => existsSync(path))),
    rooms: [...roots.map((folder) => room(folder, NEEDED_MB, 'realms need')), ...(isBuilt ? [] : roomsOfBuild(PACKAGES_OF_REALMS))],
    system: process.platform,
    filesystems: attempt('cat', '/proc/filesystems').output,
    filtersBridges: BRIDGE_RULES.some((path) => existsSync(path)),
    docker: {
      host: process.env['DOCKER_HOST'],
      context: context.ok ? context.output : DEFAULT_CONTEXT,
      security: attempt('docker', 'info', '--format', '{{.SecurityOptions}}').output,
    },
  });
  if (lack !== undefined) throw new SetupError(lack);
}
