import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker, isGone, OWNER_LABEL, THIS_PROCESS } from './container.ts';
import { eventually } from './eventually.ts';

/** Names the folder that everything in Docker belongs to which was made for one purpose. */
export const FOLDER_LABEL = 'keystone.test/folder';

/** The labels of what must not outlive this process, nor may its folder. */
export const ownedByThisProcess = (folder: string): Record<string, string> => ({ ...keptFor(folder), [OWNER_LABEL]: THIS_PROCESS });

/** The labels of what outlives its process: whoever knows the folder removes it. */
export const keptFor = (folder: string): Record<string, string> => ({ [FOLDER_LABEL]: folder });

/** A name and a folder for something that this process starts, the labels for what belongs to it, and its end. */
export interface Claim {
  readonly name: string;
  readonly folder: string;
  readonly labels: Record<string, string>;
  readonly end: () => Promise<void>;
}

/** Claims a name nobody else has; whatever becomes of this process, what carries the labels goes with it. */
export function claimName(prefix: string): Claim {
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const forgetExit = removeAtExit(folder);
  const end = async (): Promise<void> => {
    await removeBelongings(folder);
    forgetExit();
  };
  return { name, folder, labels: ownedByThisProcess(folder), end };
}

const GONE_WITHIN_MS = 60_000;

/** Removes all that belongs to a folder, and the folder. It goes by labels: a stranger's container may have a name of ours. */
export async function removeBelongings(folder: string, withinMs = GONE_WITHIN_MS): Promise<void> {
  // Others remove leftovers at the same time, and a network lets go of its containers a moment after they went.
  await eventually(() => removeOnce(folder), { withinMs, everyMs: 200 });
  rmSync(folder, { recursive: true, force: true });
}

async function removeOnce(folder: string): Promise<void> {
  const client = await docker();
  const { containers, networks, volumes } = await belongingsOf(folder);
  await Promise.all(containers.map(({ Id }) => client.getContainer(Id).remove({ force: true, v: true }).catch(ignoreMissing)));
  for (const { Id } of networks) await leaveAndRemove(Id);
  await Promise.all(volumes.map(({ Name }) => client.getVolume(Name).remove().catch(ignoreMissing)));
  // Docker refuses what another collector is at just now, or what is still in use: neither is gone yet.
  const left = await belongingsOf(folder);
  const names = [
    ...left.containers.map(({ Names: [name = ''] }) => `container ${name.slice(1)}`),
    ...left.networks.map(({ Name }) => `network ${Name}`),
    ...left.volumes.map(({ Name }) => `volume ${Name}`),
  ];
  if (names.length > 0) throw new Error(`still there: ${names.join(', ')}`);
}

async function belongingsOf(folder: string) {
  const client = await docker();
  const filters = { label: [`${FOLDER_LABEL}=${folder}`] };
  const containers = await client.listContainers({ all: true, filters });
  const networks = await client.listNetworks({ filters });
  return { containers, networks, volumes: (await client.listVolumes({ filters })).Volumes };
}

/** Those of other purposes may have a leg in a network. */
async function leaveAndRemove(id: string): Promise<void> {
  const network = (await docker()).getNetwork(id);
  const { Containers = {} } = ((await network.inspect().catch(ignoreMissing)) ?? {}) as { readonly Containers?: Record<string, unknown> };
  for (const Container of Object.keys(Containers)) await network.disconnect({ Container, Force: true }).catch(ignoreMissing);
  await network.remove().catch(ignoreMissing);
}

/** Registers removal for every way in which a process ends short of SIGKILL, and returns how to take that back. */
export function removeAtExit(folder: string): () => void {
  const remove = (): void => removeNow(folder);
  const interrupted = (): void => process.exit(130);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  // Before those who were there already: a lock on all this must not be given away while it is being removed.
  process.prependOnceListener('exit', remove);
  // Not once: who is asked a second time would end at once, and leave half of it.
  for (const signal of signals) process.on(signal, interrupted);
  return () => {
    process.off('exit', remove);
    for (const signal of signals) process.off(signal, interrupted);
  };
}

/** The same from an exit handler, which can't wait for a promise. */
function removeNow(folder: string): void {
  // In a group of their own: an interruption at the terminal goes to all programs of ours.
  const apart = { encoding: 'utf8', detached: true, timeout: ANSWER_MS } as const;
  const docked = (...args: readonly string[]): readonly string[] => {
    const { status, stdout } = spawnSync('docker', [...args, '--quiet', '--filter', `label=${FOLDER_LABEL}=${folder}`], apart);
    if (status !== 0) throw new Error('Docker does not answer');
    return stdout.split('\n').filter(Boolean);
  };
  const kinds = [
    { list: ['ps', '--all', '--no-trunc'], remove: ['rm', '--force', '--volumes'] },
    { list: ['network', 'ls', '--no-trunc'], remove: ['network', 'rm'] },
    { list: ['volume', 'ls'], remove: ['volume', 'rm'] },
  ];
  const sweep = (): number => {
    const found = kinds.map(({ list, remove }) => ({ remove, ids: docked(...list) }));
    for (const { remove, ids } of found) if (ids.length > 0) spawnSync('docker', [...remove, ...ids], apart);
    return found.reduce((sum, { ids }) => sum + ids.length, 0);
  };
  try {
    // What Docker was asked to make a moment ago shows up a moment later: it is gone when nothing was found three times.
    for (let nothing = 0, round = 0; nothing < 3 && round < MOST_SWEEPS; round += 1) {
      nothing = sweep() === 0 ? nothing + 1 : 0;
      if (nothing < 3) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SWEEP_MS);
    }
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    // The folder leads to what may still be there.
    console.error(`${folder}, and what belongs to it, may still be there: ${String(error)}`);
  }
}
const ANSWER_MS = 20_000;
const SWEEP_MS = 400;
const MOST_SWEEPS = 20;

/** The labels of everything in Docker that has this one, whatever it is. */
export async function labelsWith(label: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const client = await docker();
  const filters = { label: [label] };
  const all = [
    ...(await client.listContainers({ all: true, filters })),
    ...(await client.listNetworks({ filters })),
    ...(await client.listVolumes({ filters })).Volumes,
  ];
  return all.map(({ Labels }) => Labels ?? {});
}

/** Removes what processes of ours left behind that were killed before they could. */
export async function removeLeftovers(): Promise<void> {
  const gone = (await labelsWith(OWNER_LABEL)).filter((labels) => isGone(labels[OWNER_LABEL] ?? ''));
  // A label is what anybody may have written.
  for (const folder of new Set(gone.map((labels) => labels[FOLDER_LABEL] ?? '')))
    // What stays is in nobody's way, and must keep nobody from starting.
    if (folder.startsWith(join(tmpdir(), 'keystone-')))
      await removeBelongings(folder).catch((error: unknown) => console.warn(String(error)));
}

/** Somebody else may have removed it first, or be removing it right now. */
function ignoreMissing(error: unknown): void {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  if (status !== 404 && status !== 409) throw error;
}
