import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HYPER } from './hyper.ts';
import { attempt, ROOT, run, step } from './steps.ts';

const REPOSITORY = 'keystone.test/control-plane';

/** Makes the image of the control plane from bin/hyper alone unless it is there, and returns its name. */
export async function ensureImage(inputs: string): Promise<string> {
  const image = `${REPOSITORY}:${inputs}`;
  if (!attempt('docker', 'image', 'inspect', '--format', '{{.Id}}', image).ok) {
    await step(`Making the image ${image}`, '4 s', () => importFiles(image));
  }
  return image;
}

/** An import needs neither a base image nor a builder, so it works wherever Docker does and asks no registry. */
async function importFiles(image: string): Promise<void> {
  const root = mkdtempSync(join(ROOT, 'bin/.image-'));
  try {
    linkSync(HYPER, join(root, 'hyper'));
    // The container runs as whoever runs the tests, so that they can read what it writes.
    for (const folder of ['data', 'tmp', 'work']) {
      mkdirSync(join(root, folder));
      chmodSync(join(root, folder), 0o1777);
    }
    chmodSync(root, 0o755);
    await run('tar', ['-C', root, '-cf', `${root}.tar`, '.']);
    await run('docker', ['import', '--change', 'ENTRYPOINT ["/hyper"]', '--change', 'CMD ["control-plane"]', `${root}.tar`, image]);
  } finally {
    rmSync(root, { recursive: true });
    rmSync(`${root}.tar`, { force: true });
  }
}
