import { statSync } from 'node:fs';
import { attempt, SetupError } from '../../hack/testbed/steps.ts';
import { FOLDER_LABEL } from './belongings.ts';
import { docker } from './container.ts';
import { eventually } from './eventually.ts';
import { BOOT_DEADLINE_MS, READY_MARK } from './realm-node.ts';

/** What Docker has of a realm that outlives its process. */
export interface KeptRealm {
  readonly nodes: readonly { readonly name: string; readonly state: string }[];
  readonly isReady: boolean;
}

/** Ends with one sentence where another user made what is in a folder: it could be neither used nor removed, but for its half in Docker. */
export function mustBeOurs(folder: string, user = process.getuid?.() ?? 0): void {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid ?? user;
  if (owner !== user && user !== 0)
    throw new SetupError(`${folder} was made by another user (${owner}): run this as that one, as by sudo for 0.`);
}

/** Finds the realm that was started with `keepIn`, or what is left of it. */
export async function findRealm(folder: string): Promise<KeptRealm> {
  const client = await docker();
  const containers = await client.listContainers({ all: true, filters: { label: [`${FOLDER_LABEL}=${folder}`] } });
  const nodes = containers
    .map(({ Names: [name = ''], State }) => ({ name: name.slice(1), state: State }))
    .toSorted((x, y) => (x.name < y.name ? -1 : 1));
  const isUp = (name: string): boolean => attempt('docker', 'exec', name, 'test', '-f', READY_MARK).ok;
  return { nodes, isReady: nodes.length > 0 && nodes.every(({ name, state }) => state === 'running' && isUp(name)) };
}

/** Goes on with a realm that stands still, after a restart of the machine or a `docker pause` that was forgotten; else says what to do. */
export async function resumeRealm(folder: string, { nodes }: KeptRealm, remedy: string): Promise<void> {
  const client = await docker();
  const wake = async (name: string, state: string): Promise<void> => {
    if (state === 'paused') await client.getContainer(name).unpause();
    else if (state !== 'running') await client.getContainer(name).start();
  };
  const untilReady = async (): Promise<void> => {
    if (!(await findRealm(folder)).isReady) throw new Error('not ready yet');
  };
  try {
    await Promise.all(nodes.map(({ name, state }) => wake(name, state)));
    await eventually(untilReady, { withinMs: BOOT_DEADLINE_MS, everyMs: 500 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const logs = nodes.map(({ name }) => `docker logs ${name}`).join(', ');
    // What is in it is somebody's work: starting over comes last.
    throw new SetupError(
      `It did not come back (${why}). Run this again, which goes on waiting; see also ${logs}. To start over: ${remedy}`,
    );
  }
}
