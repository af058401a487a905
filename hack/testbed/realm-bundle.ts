import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { moduleFolder } from './go-build.ts';
import { MODULE } from './hyper.ts';
import { importProgram } from './image.ts';
import { REALM_PROGRAMS } from './realm-programs.ts';
import { scratch } from './scratch.ts';
import { attempt, ROOT, run, SetupError, step } from './steps.ts';

const MANIFESTS = join(MODULE.module, 'manifests');
const SNAPSHOTS = 'github.com/kubernetes-csi/external-snapshotter/client/v8';

/** What runs in Pods of every realm; the name in a realm carries no hash, so that manifests can name it. */
const IN_PODS = [
  { name: 'pause', args: [] },
  { name: 'pod', args: ['serve'] },
  { name: 'coredns', args: [] },
];
/** The image of tests' Pods: a server, and ways to find out what a network lets through. */
export const POD_IMAGE = 'realm.test/pod:1';

/** Puts together what a node brings along, images and manifests, and returns the folder. */
export async function ensureBundle(programs: string): Promise<string> {
  const hash = createHash('sha256')
    .update(programs)
    .update(readFileSync(import.meta.filename));
  for (const name of globSync('*.yaml', { cwd: MANIFESTS }).sort()) hash.update(name).update(readFileSync(join(MANIFESTS, name)));
  const folder = join(ROOT, '.cache/realm', hash.digest('hex').slice(0, 12));
  if (!existsSync(folder)) await step('Putting together what nodes of realms bring along', '10 s', () => assemble(folder));
  return folder;
}

async function saveImages(archive: string): Promise<void> {
  const ids: string[] = [];
  for (const { name, args } of IN_PODS)
    ids.push(await importProgram({ image: `realm.test/${name}:1`, program: join(REALM_PROGRAMS, name), args }));
  await run('docker', ['save', '--output', archive, ...IN_PODS.map(({ name }) => `realm.test/${name}:1`)]);
  // Another checkout may have moved the names meanwhile, and this archive is kept.
  // An image's id is that of its configuration, or where containerd stores images that of its manifest, which only the index names;
  // older archives have none, and tar goes on without it.
  const { output } = attempt('tar', '--extract', '--to-stdout', '--file', archive, 'manifest.json', 'index.json');
  if (!ids.every((id) => output.includes(id)))
    throw new SetupError('Another run, here or in another checkout, builds the same images right now: try again.');
}

async function assemble(folder: string): Promise<void> {
  mkdirSync(join(ROOT, '.cache/realm'), { recursive: true });
  const fresh = scratch(dirname(folder), '.bundle');
  try {
    for (const part of ['images', 'manifests/1-kinds', 'manifests/2-objects']) mkdirSync(join(fresh, part), { recursive: true });
    await saveImages(join(fresh, 'images/realm.tar'));
    cpSync(MANIFESTS, join(fresh, 'manifests/2-objects'), { recursive: true });
    const kinds = join(moduleFolder(MODULE.module, SNAPSHOTS), 'config/crd');
    for (const file of readdirSync(kinds).filter((name) => name.startsWith('snapshot.')))
      cpSync(join(kinds, file), join(fresh, 'manifests/1-kinds', file));
    // In one move: who comes meanwhile finds all of it or nothing.
    if (!existsSync(folder)) renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
