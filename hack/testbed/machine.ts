import { existsSync, statfsSync } from 'node:fs';
import { attempt, ROOT, SetupError } from './steps.ts';

/** What a node of a realm is given of this machine. */
export const NODE_DEVICES = ['/dev/kmsg', '/dev/net/tun', '/dev/fuse'] as const;
/** Images, and what Pods of a few realms write. */
const NEEDED_MB = 4_000;

/** What this machine has of what nodes need. */
export interface Machine {
  readonly devices: ReadonlySet<string>;
  /** By folder that is written to, how much room is left. */
  readonly freeMb: ReadonlyMap<string, number>;
  readonly system: string;
  readonly filesystems: string;
}

const REMEDY: Readonly<Record<(typeof NODE_DEVICES)[number], string>> = {
  '/dev/kmsg': 'start Docker on a machine or in a container that has it, as with docker run --device /dev/kmsg',
  '/dev/net/tun': 'run modprobe tun, or give it to the container that you are in by --device /dev/net/tun',
  '/dev/fuse': 'run modprobe fuse, or give it to the container that you are in by --device /dev/fuse',
};

/** One sentence about the first thing that nodes would lack on a machine, and how to get it. */
export function lackOf({ devices, freeMb, system, filesystems }: Machine): string | undefined {
  if (system !== 'linux') return `Nodes of realms are Linux containers that share the kernel: on ${system} they need a Linux machine.`;
  const device = NODE_DEVICES.find((path) => !devices.has(path));
  if (device !== undefined) return `This machine has no ${device}, which nodes of realms need: ${REMEDY[device]}.`;
  if (!/\boverlay\b/.test(filesystems)) return 'The kernel has no overlay file system, which containers need: run modprobe overlay.';
  for (const [folder, free] of freeMb)
    if (free < NEEDED_MB) return `${folder} has ${free} MB left, and realms need ${NEEDED_MB}: make room, or move it to a larger disk.`;
  return undefined;
}

/** Ends with that sentence before anything is begun. */
export function requireMachine(): void {
  const roots = [ROOT, attempt('docker', 'info', '--format', '{{.DockerRootDir}}').output].filter((folder) => existsSync(folder));
  const lack = lackOf({
    devices: new Set(NODE_DEVICES.filter((path) => existsSync(path))),
    freeMb: new Map(roots.map((folder) => [folder, freeIn(folder)])),
    system: process.platform,
    filesystems: attempt('cat', '/proc/filesystems').output,
  });
  if (lack !== undefined) throw new SetupError(lack);
}

function freeIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return Math.floor((bavail * bsize) / 1e6);
}
