import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePrograms } from './go-build.ts';
import { MODULE } from './hyper.ts';
import { ROOT } from './steps.ts';

/** The folder of what runs on a realm's nodes beside Kubernetes, and in its Pods. */
export const REALM_PROGRAMS = join(ROOT, 'bin/realm');

/** Builds them unless they stand for these very sources, and returns what identifies the sources. */
export function ensureRealmPrograms(): Promise<string> {
  return ensurePrograms({
    ...MODULE,
    what: "Building a realm's DNS, network policies, storage and registry",
    usually: '4 min the first time, a few seconds after an edit',
    packages: 1_500,
    sources: ['./coredns', './registry', './pause', './pod', ...requiredTools()],
    into: REALM_PROGRAMS,
  });
}

/** Programs that other modules bring, as go.mod lists them. */
function requiredTools(): readonly string[] {
  const [, list = ''] = /^tool \(\n([^)]*)\)/m.exec(readFileSync(join(MODULE.module, 'go.mod'), 'utf8')) ?? [];
  return list
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}
