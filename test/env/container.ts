import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readlinkSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { type ContainerRuntimeClient, getContainerRuntimeClient } from 'testcontainers';

// Testcontainers' own reaper is an image that would have to be pulled; the labels below and removeLeftovers() do its work.
process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';

/** Marks every container and network of ours with the process it belongs to. */
export const OWNER_LABEL = 'keystone.test/owner';

/** Marks what outlives its process with the folder it writes to. */
export const KEPT_LABEL = 'keystone.test/kept-for';

/** This process, told from those of other machines and containers that may share the Docker daemon. */
const PLACE = `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;

/** Names the folder that goes with a network of ours. */
const FOLDER_LABEL = 'keystone.test/folder';

/** The labels of what must not outlive this process, nor may the folder that goes with it. */
export function ownedByThisProcess(folder?: string): Record<string, string> {
  return { [OWNER_LABEL]: `${PLACE} ${process.pid}`, ...(folder === undefined ? {} : { [FOLDER_LABEL]: folder }) };
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

/** Removes containers, their network, and the volume of the network's name, as far as they exist. */
export async function removeContainers(names: readonly string[], network: string): Promise<void> {
  const client = await docker();
  await Promise.all(names.map((name) => client.getContainer(name).remove({ force: true, v: true }).catch(ignoreMissing)));
  await client.getNetwork(network).remove().catch(ignoreMissing);
  await client.getVolume(network).remove().catch(ignoreMissing);
}

/** Registers removal for every way in which a process ends short of SIGKILL, and returns how to take that back. */
export function removeAtExit(names: readonly string[], network: string, workDir: string): () => void {
  // An exit handler can't wait for a promise.
  const remove = (): void => {
    spawnSync('docker', ['rm', '--force', '--volumes', ...names]);
    spawnSync('docker', ['network', 'rm', network]);
    spawnSync('docker', ['volume', 'rm', network]);
    rmSync(workDir, { recursive: true, force: true });
  };
  const interrupted = (): void => process.exit(130);
  process.once('exit', remove).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  return () => {
    process.off('exit', remove).off('SIGINT', interrupted).off('SIGTERM', interrupted);
  };
}

/** Removes what processes of ours left behind that were killed before they could. */
export async function removeLeftovers(): Promise<void> {
  const client = await docker();
  const filters = { label: [OWNER_LABEL] };
  for (const { Id, Labels } of await client.listContainers({ all: true, filters })) {
    if (isLeftover(Labels)) await client.getContainer(Id).remove({ force: true, v: true }).catch(ignoreMissing);
  }
  for (const { Id, Labels } of await client.listNetworks({ filters })) {
    if (!isLeftover(Labels)) continue;
    await client.getNetwork(Id).remove().catch(ignoreMissing);
    const folder = Labels?.[FOLDER_LABEL] ?? '';
    // A label is what anybody may have written.
    if (folder.startsWith(join(tmpdir(), 'keystone-'))) rmSync(folder, { recursive: true, force: true });
  }
  for (const { Name, Labels } of (await client.listVolumes({ filters })).Volumes) {
    if (isLeftover(Labels)) await client.getVolume(Name).remove().catch(ignoreMissing);
  }
}

function isLeftover(labels: Readonly<Record<string, string>> | undefined): boolean {
  const owner = labels?.[OWNER_LABEL] ?? '';
  if (!owner.startsWith(`${PLACE} `)) return false;
  try {
    process.kill(Number(owner.slice(PLACE.length)), 0);
    return false;
  } catch {
    return true;
  }
}

/** Somebody else may have removed it first, or be removing it right now. */
function ignoreMissing(error: unknown): void {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  if (status !== 404 && status !== 409) throw error;
}
