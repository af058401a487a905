import { hostname } from 'node:os';
import { readFileSync, readlinkSync } from 'node:fs';
import { type ContainerRuntimeClient, getContainerRuntimeClient } from 'testcontainers';

// Testcontainers' own reaper is an image that would have to be pulled; labels and removeLeftovers() do its work.
process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';

/** Marks everything of ours in Docker that must not outlive a process with that process. */
export const OWNER_LABEL = 'keystone.test/owned-by';

/**
 * Whose processes these are, and where they are told apart by their number: nobody can remove the folder of another user, and others may
 * share the Docker daemon from other machines and containers.
 */
const PLACE = `${process.getuid?.()} ${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
/** After a restart of the machine numbers begin anew. */
const BOOT = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** This process, as the owner of something. */
export const THIS_PROCESS = `${PLACE} ${BOOT} ${process.pid}`;

/** Whether an owner was a process of this place that is no more. */
export function isGone(owner: string): boolean {
  if (!owner.startsWith(`${PLACE} `)) return false;
  const [boot, pid] = owner.slice(PLACE.length + 1).split(' ');
  return boot !== BOOT || !isRunning(Number(pid));
}

/** Whether a process runs, be it another user's. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/** The Docker client that testcontainers uses. */
export type Docker = ContainerRuntimeClient['container']['dockerode'];

/** Connects to the Docker daemon. */
export async function docker(): Promise<Docker> {
  return (await getContainerRuntimeClient()).container.dockerode;
}

/** Creates a network that no packet leaves; the host alone reaches the containers in it. */
export async function createInternalNetwork(name: string, labels: Record<string, string>): Promise<void> {
  await (await docker()).createNetwork({ Name: name, Internal: true, Labels: labels });
}
