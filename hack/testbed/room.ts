import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute } from 'node:path';
import { attempt } from './steps.ts';

/** A folder that is written to, what for, and how much room that takes. */
export interface Room {
  readonly folder: string;
  readonly freeMb: number;
  readonly neededMb: number;
  readonly user: string;
}

/** What nodes of realms consist of, Kubernetes and what runs beside it. */
export const PACKAGES_OF_REALMS = 4_400;
/** What a first build of those leaves in Go's caches, 5 700 MB, and what it needs besides while it runs. */
const BUILD_MB = 8_000;
/** Of that, what the compiler keeps in the temporary folder until all is compiled. */
const COMPILER_MB = 3_000;

/** One sentence about the first folder that has too little room, and how to get more. */
export function lackOfRoom(rooms: readonly Room[]): string | undefined {
  const small = rooms.find(({ freeMb, neededMb }) => freeMb < neededMb);
  if (small === undefined) return undefined;
  const { folder, freeMb, neededMb, user } = small;
  return `${folder} has ${freeMb} MB left, and ${user} ${neededMb}: make room, or move it to a larger disk.`;
}

/** Where a build from nothing of about so many packages writes. */
export function roomsOfBuild(packages: number): readonly Room[] {
  const part = (mb: number): number => Math.ceil((mb * packages) / PACKAGES_OF_REALMS);
  const caches = attempt('go', 'env', 'GOCACHE', 'GOMODCACHE').output.split('\n').filter(isAbsolute);
  return [
    ...caches.map((folder) => room(folder, part(BUILD_MB), 'building from source, as the first start does, needs')),
    room(process.env['GOTMPDIR'] ?? tmpdir(), part(COMPILER_MB), 'the compiler, which heeds TMPDIR, needs'),
  ];
}

/** How much room there is where a folder is, or would be. */
export function room(folder: string, neededMb: number, user: string): Room {
  const { bavail, bsize } = statfsSync(nearest(folder));
  return { folder, freeMb: Math.floor((bavail * bsize) / 1e6), neededMb, user };
}

/** A cache that was never used is not there yet. */
const nearest = (folder: string): string => (existsSync(folder) ? folder : nearest(dirname(folder)));
