import { ensureDocker } from './docker.ts';
import { ensureHyper } from './hyper.ts';
import { ensureImage } from './image.ts';

/** Everything that a real control plane needs on this machine. */
export interface Testbed {
  readonly image: string;
}

/** Sets up what is missing, from the Docker daemon to the image; takes well under a second when nothing is. */
export async function prepareTestbed(): Promise<Testbed> {
  await ensureDocker();
  return { image: await ensureImage(await ensureHyper()) };
}
