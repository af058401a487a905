import { ensureDocker } from './docker.ts';
import { ensureHyper, KUBERNETES } from './hyper.ts';
import { ensureImage } from './image.ts';
import { requireMachine } from './machine.ts';
import { ensureNodeImage } from './node-image.ts';
import { ensureBundle } from './realm-bundle.ts';
import { ensureRealmPrograms, REALM_PROGRAMS } from './realm-programs.ts';

/** Everything that a real control plane needs on this machine. */
export interface Testbed {
  readonly image: string;
}

/** Everything that nodes need on this machine. */
export interface RealmTestbed {
  readonly image: string;
  /** Folders here that nodes see, by the path at which they do. */
  readonly mounts: Readonly<Record<string, string>>;
}

/** Sets up what is missing, from the Docker daemon to the image; takes well under a second when nothing is. */
export async function prepareTestbed(): Promise<Testbed> {
  await ensureDocker();
  return { image: await ensureImage(await ensureHyper()) };
}

/** Sets up what realms with nodes need; takes well under a second when nothing is missing. */
export async function prepareRealms(): Promise<RealmTestbed> {
  await ensureDocker();
  requireMachine();
  // Before what takes long: it may turn out that there is no way to make it here.
  const image = await ensureNodeImage();
  await ensureHyper();
  const bundle = await ensureBundle(await ensureRealmPrograms());
  return { image, mounts: { '/opt/kubernetes': KUBERNETES, '/opt/realm': REALM_PROGRAMS, '/bundle': bundle } };
}
