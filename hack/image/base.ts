import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { scratch } from '../testbed/scratch.ts';

/** Which stage of the Dockerfile a base is for: the builder has npm and a shell, the runtime has neither. */
export type Stage = 'builder' | 'runtime';

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const NPM = '/usr/local/lib/node_modules/npm';

/** Makes a base image of this machine's Node and the libraries it loads, and returns its name, which stands for its content. */
export function makeBase(stage: Stage): string {
  const files = filesOf(stage);
  const image = nameOf(stage, files);
  importRoot(stage, files, image);
  return image;
}

/** The name of such a base image that was made before and would be the same now, if there is one. */
export function findBase(stage: Stage): string | undefined {
  const image = nameOf(stage, filesOf(stage));
  return spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0 ? image : undefined;
}

const nameOf = (stage: Stage, files: ReadonlyMap<string, string>): string => `keystone-base-${stage}:${fingerprint(files)}`;

/** What is in it: path in the image to path here. */
function filesOf(stage: Stage): ReadonlyMap<string, string> {
  return new Map([
    ...withLibraries(realpathSync('node_modules/node/bin/node'), '/usr/local/bin/node'),
    ...(stage === 'builder' ? [...withLibraries(realpathSync('/bin/sh'), '/bin/sh'), [NPM, machineNpm()] as const] : []),
    ...(existsSync(CERTIFICATES) ? [[CERTIFICATES, realpathSync(CERTIFICATES)] as const] : []),
  ]);
}

/** A program and every library the loader would give it, as path in the image to path here. */
export function withLibraries(program: string, target: string): readonly (readonly [string, string])[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  const libraries = [...listed.matchAll(/(?:=> |^\s*)(?<path>\/\S+) \(0x/gm)].map(({ groups }) => groups?.['path'] ?? '');
  return [[target, program], ...libraries.map((path) => [path, realpathSync(path)] as const)];
}

/** The folder of the npm that runs here: its command is a link to bin/npm-cli.js inside. */
function machineNpm(): string {
  return dirname(dirname(realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())));
}

function fingerprint(files: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256').update(readFileSync(import.meta.filename));
  for (const [target, source] of files) {
    const { size, mtimeMs } = statSync(source);
    hash.update(`${target} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}

function importRoot(stage: Stage, files: ReadonlyMap<string, string>, image: string): void {
  const root = scratch(tmpdir(), 'keystone-base');
  try {
    for (const [target, source] of files) cpSync(source, join(root, target), { recursive: true, dereference: true });
    writeText(root, '/etc/passwd', 'root:x:0:0:root:/root:/bin/false\nnonroot:x:65532:65532:nonroot:/home/nonroot:/bin/false\n');
    writeText(root, '/etc/group', 'root:x:0:\nnonroot:x:65532:\n');
    writeText(root, '/etc/nsswitch.conf', 'hosts: files dns\n');
    if (stage === 'builder') {
      writeText(root, '/usr/local/bin/npm', `#!/bin/sh\nexec node ${NPM}/bin/npm-cli.js "$@"\n`, 0o755);
      mkdirSync(join(root, 'root'));
    }
    mkdirSync(join(root, 'tmp'));
    chmodSync(join(root, 'tmp'), 0o1777);
    const archive = `${root}.tar`;
    execFileSync('tar', ['--directory', root, '--owner=0', '--group=0', '--numeric-owner', '--create', '--file', archive, '.']);
    const settings = ['ENV PATH=/usr/local/bin:/usr/bin:/bin', `ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`];
    execFileSync('docker', ['import', ...settings.flatMap((setting) => ['--change', setting]), archive, image], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
    rmSync(`${root}.tar`, { force: true });
  }
}

function writeText(root: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text, { mode });
}
