import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { lackOfRoom, roomsOfBuild } from './room.ts';
import { scratch } from './scratch.ts';
import { attempt, type Outcome, run, seconds, SetupError, step } from './steps.ts';

/** What people may have set for other work of theirs. */
export const GO_ENV = {
  CGO_ENABLED: '0',
  GOWORK: 'off',
  GOFLAGS: '',
  GOTOOLCHAIN: 'auto',
  GOOS: 'linux',
  GOARCH: process.arch === 'x64' ? 'amd64' : process.arch,
};
/** The first one that fetches a newer one where a module asks for it. */
const OLDEST_GO = [1, 21] as const;

/** Programs that are built together from one Go module. */
export interface GoPrograms {
  /** What it is for people, and how long building it takes. */
  readonly what: string;
  readonly usually: string;
  /** About how many packages a cold build compiles. */
  readonly packages: number;
  /** The folder of its go.mod. */
  readonly module: string;
  /** What to build: folders of the module, or packages of modules that it requires. */
  readonly sources: readonly string[];
  readonly tags: readonly string[];
  /** Variables that the linker sets, such as versions. */
  readonly variables?: readonly string[];
  /** The folder that the programs are built into; nothing else is in it. */
  readonly into: string;
}

/** Builds the programs unless they stand for these very sources, and returns what identifies the sources. */
export async function ensurePrograms(programs: GoPrograms): Promise<string> {
  const { into, what, usually, sources, packages } = programs;
  const flags = flagsOf(programs);
  const inputs = hashOfInputs(programs, flags);
  const stamp = join(into, '.inputs');
  const isBuilt = sources.every((source) => existsSync(join(into, basename(source)))) && existsSync(stamp);
  if (isBuilt && readFileSync(stamp, 'utf8') === inputs) return inputs;
  requireGo();
  // After an edit most of it is in the caches already, and takes little room.
  if (!isBuilt) requireRoom(packages);
  await step(what, usually, () => build(programs, flags));
  // What was edited meanwhile may be in it, or not: under that name it would be taken for the other for ever.
  if (hashOfInputs(programs, flags) !== inputs) return ensurePrograms(programs);
  writeFileSync(stamp, inputs);
  return inputs;
}

/** Ends with one sentence where there is no Go, or one that is too old to fetch the version we need. */
export function requireGo(): void {
  const { ok, output } = attempt('go', 'version');
  if (!ok || !isGoNewEnough(output))
    throw new SetupError(`Go ${OLDEST_GO.join('.')} or newer is missing: install it (it fetches the version we need).`);
}

/** Ends with one sentence where so many packages would fill a disk. */
function requireRoom(packages: number): void {
  const lack = lackOfRoom(roomsOfBuild(packages));
  if (lack !== undefined) throw new SetupError(lack);
}

/** Whether what `go version` said is of one that fetches newer ones. */
export function isGoNewEnough(said: string): boolean {
  const [, major, minor] = (/\bgo(\d+)\.(\d+)/.exec(said) ?? []).map(Number);
  if (major === undefined || minor === undefined) return false;
  return major === OLDEST_GO[0] ? minor >= OLDEST_GO[1] : major > OLDEST_GO[0];
}

function flagsOf({ tags, variables = [] }: GoPrograms): readonly string[] {
  const linker = ['-s', '-w', ...variables.map((variable) => `-X ${variable}`)].join(' ');
  // Debug data would be stripped at the end: not writing it at all makes the compiler quicker.
  return ['-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false', '-tags', tags.join(','), '-ldflags', linker];
}

/** The sources that are ours; all others are named by go.mod and go.sum. */
function hashOfInputs({ module, sources }: GoPrograms, flags: readonly string[]): string {
  const hash = createHash('sha256').update([...flags, ...sources].join('\n'));
  const own = sources.filter((source) => source.startsWith('./')).flatMap((source) => globSync(join(source, '**'), { cwd: module }));
  for (const name of ['go.mod', 'go.sum', ...own.sort()]) {
    if (statSync(join(module, name)).isFile()) hash.update(`\n${name}\n`).update(readFileSync(join(module, name)));
  }
  return hash.digest('hex').slice(0, 12);
}

async function build({ packages, module, sources, into }: GoPrograms, flags: readonly string[]): Promise<void> {
  mkdirSync(into, { recursive: true });
  // Another process may build at the same time, and a program that runs keeps its old file.
  const fresh = scratch(into, '.build');
  const started = performance.now();
  const seen = { modules: 0, packages: 0 };
  const progress = setInterval(() => {
    console.log(`  … ${seen.modules} modules fetched, ${seen.packages} of ${packages} packages compiled after ${seconds(started)}`);
  }, 15_000);
  try {
    await run('go', ['build', '-v', ...flags, '-o', `${fresh}/`, ...sources], {
      cwd: module,
      // Thousands of packages compile a quarter faster when the compiler collects less garbage; the limit keeps a small machine alive.
      env: { ...GO_ENV, GOGC: '400', GOMEMLIMIT: '3GiB' },
      onLine: (line) => {
        seen[line.startsWith('go: downloading') ? 'modules' : 'packages'] += 1;
      },
    });
    // From here on until the new stamp they stand for nothing.
    rmSync(join(into, '.inputs'), { force: true });
    for (const source of sources) renameSync(join(fresh, basename(source)), join(into, basename(source)));
  } finally {
    clearInterval(progress);
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Where the sources of a module lie that the go.mod of this folder requires. */
export function moduleFolder(within: string, module: string): string {
  const env = Object.entries(GO_ENV).map(([name, value]) => `${name}=${value}`);
  const go = (...args: readonly string[]): Outcome => attempt('env', ...env, 'go', '-C', within, ...args, module);
  const find = (): Outcome => go('list', '-m', '-f', '{{.Dir}}');
  // Programs that are built may outlive the sources that they were built from; and Go may tell what else it fetches.
  if (!existsSync(find().output)) go('mod', 'download');
  const { output } = find();
  if (!existsSync(output)) throw new SetupError(`Go does not find ${module}: ${output}`);
  return output;
}
