import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute } from 'node:path';
import { requireGo } from './go-build.ts';
import { HYPER } from './hyper.ts';
import { attempt, ROOT, SetupError } from './steps.ts';

/** What a node of a realm is given of this machine. */
export const NODE_DEVICES = ['/dev/kmsg', '/dev/net/tun', '/dev/fuse'] as const;
/** Images, and what Pods of a few realms write. */
const NEEDED_MB = 4_000;
/** What a first build leaves in Go's caches, 5 700 MB, and what it needs besides while it runs. */
const BUILD_MB = 8_000;
/** Of that, what the compiler keeps in the temporary folder until all is compiled. */
const COMPILER_MB = 3_000;

/** A folder that is written to, what for, and how much room that takes. */
export interface Room {
  readonly folder: string;
  readonly freeMb: number;
  readonly neededMb: number;
  readonly user: string;
}

/** What this machine has of what nodes need. */
export interface Machine {
  readonly devices: ReadonlySet<string>;
  readonly rooms: readonly Room[];
  readonly system: string;
  readonly filesystems: string;
}

const REMEDY: Readonly<Record<(typeof NODE_DEVICES)[number], string>> = {
  '/dev/kmsg': 'start Docker on a machine or in a container that has it, as with docker run --device /dev/kmsg',
  '/dev/net/tun': 'run modprobe tun, or give it to the container that you are in by --device /dev/net/tun',
  '/dev/fuse': 'run modprobe fuse, or give it to the container that you are in by --device /dev/fuse',
};

/** One sentence about the first thing that nodes would lack on a machine, and how to get it. */
export function lackOf({ devices, rooms, system, filesystems }: Machine): string | undefined {
  if (system !== 'linux') return `Nodes of realms are Linux containers that share the kernel: on ${system} they need a Linux machine.`;
  const device = NODE_DEVICES.find((path) => !devices.has(path));
  if (device !== undefined) return `This machine has no ${device}, which nodes of realms need: ${REMEDY[device]}.`;
  if (!/\boverlay\b/.test(filesystems)) return 'The kernel has no overlay file system, which containers need: run modprobe overlay.';
  const small = rooms.find(({ freeMb, neededMb }) => freeMb < neededMb);
  if (small === undefined) return undefined;
  const { folder, freeMb, neededMb, user } = small;
  return `${folder} has ${freeMb} MB left, and ${user} ${neededMb}: make room, or move it to a larger disk.`;
}

/** Ends with that sentence before anything is begun. */
export function requireMachine(): void {
  const roots = [ROOT, attempt('docker', 'info', '--format', '{{.DockerRootDir}}').output].filter((folder) => existsSync(folder));
  const isBuilt = existsSync(HYPER);
  if (!isBuilt) requireGo();
  const lack = lackOf({
    devices: new Set(NODE_DEVICES.filter((path) => existsSync(path))),
    rooms: [...roots.map((folder) => room(folder, NEEDED_MB, 'realms need')), ...(isBuilt ? [] : roomsOfBuild())],
    system: process.platform,
    filesystems: attempt('cat', '/proc/filesystems').output,
  });
  if (lack !== undefined) throw new SetupError(lack);
}

/** Where a build from nothing writes. */
function roomsOfBuild(): readonly Room[] {
  const caches = attempt('go', 'env', 'GOCACHE', 'GOMODCACHE').output.split('\n').filter(isAbsolute);
  return [
    ...caches.map((folder) => room(folder, BUILD_MB, 'building Kubernetes, as the first start does, needs')),
    room(process.env['GOTMPDIR'] ?? tmpdir(), COMPILER_MB, 'the compiler, which heeds TMPDIR, needs'),
  ];
}

function room(folder: string, neededMb: number, user: string): Room {
  const { bavail, bsize } = statfsSync(nearest(folder));
  return { folder, freeMb: Math.floor((bavail * bsize) / 1e6), neededMb, user };
}

/** A cache that was never used is not there yet. */
const nearest = (folder: string): string => (existsSync(folder) ? folder : nearest(dirname(folder)));
