import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HYPER } from './hyper.ts';
import { scratch } from './scratch.ts';
import { attempt, run, step } from './steps.ts';

/** An image of one program and nothing else. */
export interface ProgramImage {
  readonly image: string;
  /** The file here; it stands in the image's root. */
  readonly program: string;
  readonly args?: readonly string[];
  /** More names of the program, which may be another program under them. */
  readonly aliases?: readonly string[];
  /** Folders that everybody may write to. */
  readonly folders?: readonly string[];
}

/** Makes the image of the control plane unless it is there, and returns its name. */
export async function ensureImage(inputs: string): Promise<string> {
  // The container runs as whoever runs the tests, so that they can read what it writes.
  const recipe = { args: ['control-plane'], folders: ['data', 'tmp', 'work'] };
  const content = createHash('sha256').update(inputs).update(JSON.stringify(recipe));
  const image = `keystone.test/control-plane:${content.digest('hex').slice(0, 12)}`;
  if (!hasImage(image)) await step(`Making the image ${image}`, '4 s', () => importProgram({ image, program: HYPER, ...recipe }));
  return image;
}

/** Whether Docker has the image. */
export const hasImage = (image: string): boolean => attempt('docker', 'image', 'inspect', '--format', '{{.Id}}', image).ok;

/** An import needs neither a base image nor a builder, so it works wherever Docker does and asks no registry. Returns the image's id. */
export async function importProgram({ image, program, args = [], aliases = [], folders = ['tmp'] }: ProgramImage): Promise<string> {
  const root = scratch(dirname(program), '.image');
  const name = basename(program);
  try {
    for (const file of [name, ...aliases]) linkSync(program, join(root, file));
    for (const folder of folders) {
      mkdirSync(join(root, folder));
      chmodSync(join(root, folder), 0o1777);
    }
    chmodSync(root, 0o755);
    return await importRoot(root, image, [`ENTRYPOINT ${JSON.stringify([`/${name}`])}`, `CMD ${JSON.stringify(args)}`]);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Turns a folder into an image, and returns its id. */
export async function importRoot(root: string, image: string, changes: readonly string[]): Promise<string> {
  const archive = `${root}.tar`;
  let id = '';
  try {
    await run('tar', ['-C', root, '-cf', archive, '.']);
    const args = ['import', ...changes.flatMap((change) => ['--change', change]), archive, image];
    await run('docker', args, { onLine: (line) => (id = line.replace('sha256:', '')) });
    return id;
  } finally {
    rmSync(archive, { force: true });
  }
}
