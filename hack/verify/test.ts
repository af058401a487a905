/** Runs the named suites, each in a mocha process of its own, and ends with the totals over all of them on a line alone. */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grantedRights, unusedRights, usedRights } from './rights.ts';
import { keepTimes, readTimes, share } from './sharing.ts';
import { add, isGood, isTotals, NOTHING, type Totals, verdict } from './totals.ts';

interface Suite {
  readonly files: readonly string[];
  readonly options: readonly string[];
  /** How many processes share the files; tests that wait for a server leave the processor to others. */
  readonly processes: number;
  /** Sets up, once, what all of these processes need: two that build at once fail each other, and a build slows the tests beside it. */
  readonly setup?: string;
  /** Whether all of it together uses every right that the operator has. */
  readonly needsRights?: boolean;
}

const SUITES = new Map<string, Suite>([
  ['unit', { files: ['{api,controllers,webhooks,hack}/**/*.test.ts', 'test/{bench,fuzz}/*.test.ts'], options: [], processes: 2 }],
  // One control plane for each process; a test may wait for it as long as a slow machine needs.
  [
    'integration',
    {
      files: ['test/{env,integration,fault}/**/*.test.ts'],
      options: ['--require', './test/env/hooks.ts'],
      processes: 3,
      setup: 'hack/testbed/build.ts integration',
      needsRights: true,
    },
  ],
  // What an overloaded machine would fail, with nothing beside it.
  [
    'alone',
    {
      files: ['test/alone/**/*.test.ts'],
      options: ['--require', './test/env/hooks.ts'],
      processes: 1,
      setup: 'hack/testbed/build.ts',
    },
  ],
  // Real nodes, a realm for each process and more where a test takes one apart.
  [
    'e2e',
    {
      files: ['test/e2e/**/*.test.ts'],
      options: ['--require', './test/e2e/hooks.ts'],
      processes: 2,
      setup: 'hack/testbed/build.ts e2e',
    },
  ],
]);

const ROLE = 'config/rbac/role.yaml';
/** How long a process may take to end by itself after its last test; the reporter has named what holds it by then. */
const GRACE_MS = 20_000;
/** What mocha is told besides; a part of the tests, or their long form, says nothing about what the files take. */
const flags = process.argv.filter((a) => a.startsWith('--'));
const isUsual = flags.length === 0 && process.env['TEST_FULL'] === undefined && process.env['FAULT'] === undefined;
const ONE_FAILED: Totals = { passed: 0, failed: 1, skipped: 0 };

const children = new Set<ChildProcess>();
let isInterrupted = false;

async function runSuite(name: string, { files, options, processes, setup, needsRights = false }: Suite): Promise<Totals> {
  const found = globSync([...files]).sort();
  console.log(`\n${name}: ${found.length} files`);
  if (found.length === 0) return problem(`no files match ${files.join(' ')}`);
  if (setup !== undefined && !(await succeeds(setup))) return problem(`${setup} failed`);
  const rights = mkdtempSync(join(tmpdir(), 'rights-'));
  const ended = share(found, processes, readTimes()).map((part) =>
    outcome(
      start(['node_modules/mocha/bin/mocha.js', ...options, ...flags, ...part], {
        stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
        env: { ...process.env, RIGHTS_FOLDER: rights },
      }),
    ),
  );
  const totals = (await Promise.all(ended)).reduce(add);
  // A part of the suite uses a part of the rights.
  const unused = needsRights && flags.length === 0 ? unusedRights(grantedRights(readFileSync(ROLE, 'utf8')), usedRights(rights)) : [];
  rmSync(rights, { recursive: true });
  return unused.length === 0
    ? totals
    : add(totals, problem(`the operator never used a right that it has (checklist 41): ${unused.join(', ')}`));
}

/** Starts a program of ours that hears of it when all is to end. */
function start(args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(process.execPath, args, options);
  children.add(child);
  child.on('exit', () => children.delete(child));
  return child;
}

const succeeds = (program: string): Promise<boolean> =>
  new Promise((resolve) => start(program.split(' '), { stdio: 'inherit' }).on('exit', (code) => resolve(code === 0)));

function outcome(child: ChildProcess): Promise<Totals> {
  return new Promise((resolve) => {
    let totals: Totals | undefined;
    let forced = false;
    let grace: NodeJS.Timeout | undefined;
    child.on('message', (message) => {
      if (!isTotals(message)) return;
      totals = message;
      if (isUsual) keepTimes(message.times ?? {});
      grace = setTimeout(() => {
        forced = true;
        child.kill('SIGKILL');
      }, GRACE_MS);
    });
    child.on('exit', (code, signal) => {
      clearTimeout(grace);
      resolve(judge(totals, forced, signal ?? code));
    });
  });
}

function judge(totals: Totals | undefined, forced: boolean, end: number | string | null): Totals {
  if (totals === undefined) return problem(`mocha ended (${end}) before it had run the tests`);
  if (forced) return add(totals, problem('the process did not end by itself and was killed'));
  if (totals.failed === 0 && end !== 0) return add(totals, problem(`all tests passed, yet the process ended with ${end}`));
  if (totals.passed + totals.failed === 0) return add(totals, problem('not one test ran'));
  return totals;
}

function problem(text: string): Totals {
  console.log(`  ✗ ${text}`);
  return ONE_FAILED;
}

// Children clean up after themselves, and we wait for them. A terminal interrupts them as well as us; who terminates us means them, too.
process.on('SIGINT', () => (isInterrupted = true));
process.on('SIGTERM', () => {
  isInterrupted = true;
  for (const child of children) child.kill('SIGTERM');
});

const started = performance.now();
let totals = NOTHING;
for (const name of process.argv.slice(2).filter((a) => !a.startsWith('--'))) {
  if (isInterrupted) break;
  const suite = SUITES.get(name);
  totals = add(
    totals,
    suite === undefined ? problem(`unknown suite ${name}; there are ${[...SUITES.keys()].join(', ')}`) : await runSuite(name, suite),
  );
}
if (isInterrupted) totals = add(totals, problem('interrupted: what is left did not run'));
console.log(`\nTests took ${((performance.now() - started) / 1000).toFixed(0)} s.`);
console.log(verdict(totals));
process.exitCode = isGood(totals) ? 0 : 1;
