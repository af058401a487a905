import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';

/** The page whose manifests the tests commit, so that it can't tell anything that isn't so. */
const PAGE = 'docs/gitops.md';
const GIT_URL = 'https://git.example/fleet.git';
const IMAGE = { name: 'registry.example/keystone-operator', tag: 'v0.1.0' };

/** What a realm has and a page can't know. */
export interface FleetSettings {
  readonly gitUrl: string;
  /** An image with a tag. */
  readonly image: string;
}

/** Writes the repository that the page describes into a folder. */
export function writeFleet(folder: string, { gitUrl, image }: FleetSettings): void {
  cpSync('config', join(folder, 'keystone'), { recursive: true });
  const colon = image.lastIndexOf(':');
  const values = [
    [GIT_URL, gitUrl],
    [IMAGE.name, image.slice(0, colon)],
    [IMAGE.tag, image.slice(colon + 1)],
  ] as const;
  const manifests = manifestsOf(readFileSync(PAGE, 'utf8'));
  for (const [from] of values) {
    if (![...manifests.values()].join('').includes(from)) throw new Error(`${PAGE} does not name ${from} any more`);
  }
  for (const [path, text] of manifests)
    writeFile(
      folder,
      path,
      values.reduce((now, [from, to]) => now.replaceAll(from, to), text),
    );
}

/** Takes the realm's name out of a repository, as one who forgot about it. */
export function unnameRealm(folder: string): void {
  const path = 'realms/alice-home/keystone/kustomization.yaml';
  const { configMapGenerator: _, ...rest } = parse(readFileSync(join(folder, path), 'utf8')) as Record<string, unknown>;
  writeFile(folder, path, stringify(rest));
}

/** Makes a realm's list of Grants an empty one, as the page says. */
export function emptyGrants(folder: string): void {
  rmSync(join(folder, 'realms/alice-home/grants/alice-to-bob.yaml'));
  writeFile(
    folder,
    'realms/alice-home/grants/kustomization.yaml',
    'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n',
  );
}

/** Blocks of YAML that begin with the path of their file. */
function manifestsOf(page: string): ReadonlyMap<string, string> {
  const found = page.matchAll(/^```yaml\n# (?<path>realms\/\S+)\n(?<text>.*?)^```$/gms);
  return new Map([...found].map(({ groups }) => [groups?.['path'] ?? '', groups?.['text'] ?? '']));
}

function writeFile(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
