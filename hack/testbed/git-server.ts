import { cpSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { withLibraries } from '../image/base.ts';
import { hasImage, importRoot } from './image.ts';
import { scratch } from './scratch.ts';
import { attempt, SetupError, step } from './steps.ts';

const BACKEND = '/usr/lib/git-core/git-http-backend';

/** Makes the image of a Git server - this machine's Git behind our program - unless it is there, and returns its name. */
export async function ensureGitServer(program: string, inputs: string): Promise<string> {
  const git = attempt('sh', '-c', 'command -v git && git --exec-path && git --version');
  const [command = '', folder = '', version = ''] = git.output.split('\n');
  const backend = join(folder, 'git-http-backend');
  if (!git.ok || !existsSync(backend)) throw new SetupError('Git, or its git-http-backend, is missing: install both.');
  const image = `keystone.test/git-server:${inputs}-${createHash('sha256').update(version).digest('hex').slice(0, 6)}`;
  if (hasImage(image)) return image;
  const files = new Map([
    ...withLibraries(realpathSync(command), '/usr/bin/git'),
    ...withLibraries(realpathSync(backend), BACKEND),
    ['/git-server', program],
  ]);
  await step(`Making the image ${image}`, '2 s', () => importFiles(files, image));
  return image;
}

async function importFiles(files: ReadonlyMap<string, string>, image: string): Promise<void> {
  const root = scratch(tmpdir(), 'keystone-git-server');
  try {
    for (const [target, source] of files) {
      mkdirSync(dirname(join(root, target)), { recursive: true });
      cpSync(source, join(root, target), { dereference: true });
    }
    await importRoot(root, image, ['ENV PATH=/usr/bin', 'ENTRYPOINT ["/git-server"]']);
  } finally {
    rmSync(root, { recursive: true });
  }
}
