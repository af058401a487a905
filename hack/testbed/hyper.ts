import { lstatSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePrograms } from './go-build.ts';
import { ROOT } from './steps.ts';

/** The folder of hyper and kubectl. */
export const KUBERNETES = join(ROOT, 'bin/kubernetes');
/** All servers of Kubernetes and our test tools in one file. */
export const HYPER = join(KUBERNETES, 'hyper');
/** kubectl built from the same source as the control plane. */
export const KUBECTL = join(ROOT, 'bin/kubectl');

/** What all of the testbed's programs of one module are compiled with, so that what they share is compiled once. */
export const MODULE = { module: import.meta.dirname, tags: ['osusergo', 'netgo', 'providerless'] };

/** Builds hyper and kubectl unless they stand for these very sources, and returns what identifies the sources. */
export async function ensureHyper(): Promise<string> {
  const inputs = await ensurePrograms({
    ...MODULE,
    what: 'Building Kubernetes and etcd',
    usually: '5–9 min the first time, 20 s after an edit',
    packages: 2_900,
    sources: ['./hyper', './kubectl'],
    variables: versions(),
    into: KUBERNETES,
  });
  linkKubectl();
  return inputs;
}

/** Without them every part would say v0.0.0, and the checks for skew between versions would mislead. */
function versions(): readonly string[] {
  const [, version = '', major = '', minor = ''] =
    /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(readFileSync(join(MODULE.module, 'go.mod'), 'utf8')) ?? [];
  const set = (variable: string, value: string): string => `k8s.io/${variable}=${value}`;
  return [
    set('component-base/version.gitVersion', version),
    set('component-base/version.gitMajor', major),
    set('component-base/version.gitMinor', minor),
    set('client-go/pkg/version.gitVersion', version),
  ];
}

function linkKubectl(): void {
  const target = 'kubernetes/kubectl';
  if (lstatSync(KUBECTL, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(KUBECTL) === target) return;
  rmSync(KUBECTL, { force: true });
  symlinkSync(target, KUBECTL);
}
