import { relative } from 'node:path';
import { config } from 'chai';
import mocha from 'mocha';
import type { Times } from './sharing.ts';
import { skipReason } from './skip.ts';
import { type Report, type Totals, verdict } from './totals.ts';

/** A test slower than this is named on its own, so that a long silence explains itself. */
const SLOW_MS = 2_000;
/** A process that lives this long after its last test is held by something that was not closed. */
const LINGER_MS = 10_000;
const NO_REASON = 'skipped without a reason: call skip(this, reason) of hack/verify/skip.ts';

// What a failure says is all that is left of a run on a machine that is gone: 40 characters of it are not enough.
config.truncateThreshold = 4000;

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const paint = (code: number, text: string): string =>
  process.stdout.isTTY || process.env['FORCE_COLOR'] ? `\u001B[${code}m${text}\u001B[0m` : text;
const red = (text: string): string => paint(31, text);
const green = (text: string): string => paint(32, text);
const yellow = (text: string): string => paint(33, text);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Prints one line per behaviour (a top-level describe) and, at once, every failure, every skip with its reason and every slow test. */
function report(runner: Mocha.Runner): void {
  const total: Tally = { passed: 0, failed: 0, skipped: 0 };
  const failures: Mocha.Test[] = [];
  let group: Tally = { passed: 0, failed: 0, skipped: 0 };
  let since = performance.now();
  const times: Record<string, number> = {};

  const count = (what: keyof Tally): void => {
    total[what] += 1;
    group[what] += 1;
  };
  const fail = (test: Mocha.Test, error: unknown): void => {
    count('failed');
    failures.push(Object.assign(test, { err: error }));
    console.log(red(`    ✗ ${test.fullTitle()}`));
  };

  runner.on('suite', (suite) => {
    if (suite.parent?.root !== true) return;
    group = { passed: 0, failed: 0, skipped: 0 };
    since = performance.now();
  });
  runner.on('suite end', (suite) => {
    if (suite.parent?.root !== true) return;
    const took = performance.now() - since;
    console.log(groupLine(suite.title, group, took));
    const file = relative('.', suite.file ?? '');
    times[file] = Math.round((times[file] ?? 0) + took);
  });
  runner.on('pass', (test) => {
    count('passed');
    if ((test.duration ?? 0) > SLOW_MS) console.log(`    ${test.title}  ${seconds(test.duration ?? 0)}`);
  });
  runner.on('fail', fail);
  runner.on('pending', (test) => {
    const reason = skipReason(test);
    // A skip that does not say why hides a hole; it counts as what it may hide.
    if (reason === undefined) return fail(test, { message: NO_REASON, stack: NO_REASON });
    count('skipped');
    console.log(yellow(`    ⚠ SKIPPED ${test.fullTitle()}: ${reason}`));
  });
  runner.on('end', () => {
    if (failures.length > 0) mocha.reporters.Base.list(failures);
    finish(total, times);
  });
}

function groupLine(title: string, { passed, failed, skipped }: Totals, ms: number): string {
  const parts = [
    `${passed + failed} tests`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    seconds(ms),
  ];
  return `  ${failed > 0 ? red('✗') : green('✓')} ${title}  ${paint(2, parts.join(', '))}`;
}

/** Hands the totals to the process that runs several suites, or prints them when there is none. */
function finish(total: Totals, times: Times): void {
  if (process.send === undefined) console.log(verdict(total));
  else process.send({ ...total, times } satisfies Report);
  const held = (): void =>
    console.log(red(`    still alive ${seconds(LINGER_MS)} after the last test: ${process.getActiveResourcesInfo().join(', ')}`));
  setTimeout(held, LINGER_MS).unref();
}

// oxlint-disable-next-line import/no-default-export -- mocha takes a reporter from a module's default export and nowhere else
export default report;
