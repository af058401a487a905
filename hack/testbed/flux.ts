import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import { ensureDocker } from './docker.ts';
import { ensureGitServer } from './git-server.ts';
import { ensurePrograms, moduleFolder } from './go-build.ts';
import { ensureHyper, KUBECTL, MODULE } from './hyper.ts';
import { hasImage, importProgram } from './image.ts';
import { scratch } from './scratch.ts';
import { ROOT, step } from './steps.ts';

/** The folder of Flux's programs, and of the server of a Git repository that is built along with them. */
const FLUX_PROGRAMS = join(ROOT, 'bin/flux');

/** The namespace that Flux runs in. */
export const FLUX_NAMESPACE = 'flux-system';

const GO_MODULE = join(import.meta.dirname, 'flux');
const CONTROLLERS = ['kustomize-controller', 'source-controller'];
/** Whoever runs there is nobody in particular; the images say nothing about it, so the Pods must. */
const NOBODY = 65534;

/** What installing Flux takes. */
export interface FluxTestbed {
  /** The images that the manifests name. */
  readonly images: readonly string[];
  readonly gitServer: string;
  /** Everything to apply, as the controllers' own repositories write it. */
  readonly manifests: string;
}

/** Whether a build is no matter of minutes: the programs are there, perhaps of sources that have changed a little. */
export const hasFlux = (): boolean => CONTROLLERS.every((name) => existsSync(join(FLUX_PROGRAMS, name)));

/** Builds Flux's controllers unless they are there, and puts together their images and manifests. */
export async function ensureFlux(): Promise<FluxTestbed> {
  await ensureDocker();
  await ensureHyper();
  const inputs = await ensurePrograms({
    module: GO_MODULE,
    tags: MODULE.tags,
    what: "Building Flux's controllers",
    usually: '4–5 min the first time',
    packages: 2_550,
    sources: ['./git-server', ...CONTROLLERS.map(packageOf)],
    into: FLUX_PROGRAMS,
  });
  for (const name of CONTROLLERS) {
    const image = imageOf(name, inputs);
    if (!hasImage(image))
      await step(`Making the image ${image}`, '3 s', () =>
        importProgram({ image, program: join(FLUX_PROGRAMS, name), folders: ['tmp', 'data'] }),
      );
  }
  const gitServer = await ensureGitServer(join(FLUX_PROGRAMS, 'git-server'), inputs);
  return { images: CONTROLLERS.map((name) => imageOf(name, inputs)), gitServer, manifests: renderManifests(inputs) };
}

const packageOf = (name: string): string => `github.com/fluxcd/${name}`;
const imageOf = (name: string, inputs: string): string => `keystone.test/${name}:${inputs}`;

/** An overlay on what the modules bring along: kinds, rights, Deployments. */
function renderManifests(inputs: string): string {
  const folders = CONTROLLERS.map((name) => realpathSync(moduleFolder(GO_MODULE, packageOf(name))));
  const home = join(ROOT, '.cache/flux');
  mkdirSync(home, { recursive: true });
  const overlay = realpathSync(scratch(home, 'overlay'));
  const patch = { op: 'add', path: '/spec/template/spec/securityContext/runAsUser', value: NOBODY };
  const kustomization = {
    namespace: FLUX_NAMESPACE,
    // Other people's folders can be named only from where one is.
    resources: [
      'namespace.yaml',
      ...folders.flatMap((folder) => ['crd', 'rbac', 'manager'].map((part) => relative(overlay, join(folder, 'config', part)))),
    ],
    images: CONTROLLERS.map((name) => ({ name: `fluxcd/${name}`, newName: `keystone.test/${name}`, newTag: inputs })),
    patches: [{ target: { kind: 'Deployment' }, patch: stringify([patch]) }],
  };
  try {
    writeFileSync(join(overlay, 'namespace.yaml'), stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: FLUX_NAMESPACE } }));
    writeFileSync(join(overlay, 'kustomization.yaml'), stringify(kustomization));
    return execFileSync(KUBECTL, ['kustomize', overlay], { encoding: 'utf8', maxBuffer: 1 << 24 });
  } finally {
    rmSync(overlay, { recursive: true });
  }
}
