/** Proves what a reviewer should not have to look for; changes nothing, and proves that too. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { missingComments, unexplainedOffs } from './comments.ts';
import { closedDoors } from './doors.ts';
import { oddLogMessages } from './log-messages.ts';
import { impurities } from './purity.ts';
import { deadLinks, longFiles, strayPackages, unexplainedNumbers, unlisted } from './shape.ts';
import { readSources } from './sources.ts';

/** A check passes when it finds nothing. */
type Check = () => readonly string[];

const sources = readSources();
const before = treeState();

const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ['Generated files are up to date (checklist 1)', tool(process.execPath, 'hack/manifests/generate.ts', '--check')],
  ['The API keeps the conventions (checklist 9)', tool(process.execPath, 'hack/manifests/lint.ts')],
  ['The code is formatted', tool('node_modules/.bin/oxfmt', '--check')],
  ['The code passes the linter (checklist 2, 3, 4)', tool('node_modules/.bin/oxlint', '--format=unix')],
  ['The types fit', tool('node_modules/.bin/tsc')],
  ['Imports go through doors', () => closedDoors(sources)],
  ['Pure modules are pure (checklist 5)', () => impurities(sources)],
  ['Every kind and every room is listed', () => unlisted(sources)],
  ['Packages are used where they belong', () => strayPackages(sources)],
  ['Numbers say where they come from, and files are short (checklist 2, 7)', () => [...unexplainedNumbers(sources), ...longFiles(sources)]],
  ['Alerts are right, and lead to the runbook (checklist 37)', tool(process.execPath, 'hack/verify/alerts.ts')],
  [
    'Links lead somewhere',
    () => globSync(['*.md', 'docs/**/*.md']).flatMap((page) => deadLinks(page, readFileSync(page, 'utf8'), existsSync)),
  ],
  [
    'Exports and exceptions are explained (checklist 4, 6)',
    () => [...missingComments(sources), ...unexplainedOffs(readFileSync('.oxlintrc.json', 'utf8'))],
  ],
  ['Log messages read alike (checklist 38)', () => oddLogMessages(sources)],
  ['The tree is as it was', () => changes(before, treeState())],
];

let failed = 0;
for (const [name, check] of CHECKS) {
  const started = performance.now();
  const found = check();
  if (found.length > 0) failed += 1;
  console.log(`${found.length > 0 ? '✗' : '✓'} ${name}  ${((performance.now() - started) / 1000).toFixed(1)} s`);
  for (const line of found) console.log(`    ${line}`);
}
console.log(failed === 0 ? 'Verified.' : `${failed} of ${CHECKS.length} checks failed.`);
process.exitCode = failed === 0 ? 0 : 1;

function tool(command: string, ...args: readonly string[]): Check {
  return () => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
    if (error !== undefined) return [error.message];
    return status === 0 ? [] : `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  };
}

/** The content of every file that differs from the last commit, by path. */
function treeState(): ReadonlyMap<string, string> {
  const { stdout } = spawnSync('git', ['ls-files', '-z', '--modified', '--others', '--exclude-standard'], { encoding: 'utf8' });
  const hash = (path: string): string => (existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'deleted');
  return new Map(
    stdout
      .split('\0')
      .filter((path) => path !== '')
      .map((path) => [path, hash(path)]),
  );
}

function changes(old: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): readonly string[] {
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => old.get(path) !== now.get(path))
    .map((path) => `verify changed ${path}`);
}
