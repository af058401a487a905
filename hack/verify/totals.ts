import type { Times } from './sharing.ts';

/** What one or several test runs came to. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The totals of a run in which nothing happened. */
export const NOTHING: Totals = { passed: 0, failed: 0, skipped: 0 };

/** The totals of two runs together. */
export function add(a: Totals, b: Totals): Totals {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The one line that a test command ends with; machines read it. */
export function verdict({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A run counts as good when something was tested and nothing failed. */
export function isGood({ passed, failed }: Totals): boolean {
  return passed > 0 && failed === 0;
}

/** What a process reports at its end: its totals, and the milliseconds that each of its files took. */
export interface Report extends Totals {
  readonly times?: Times;
}

/** Whether a message from another process is such a report. */
export function isTotals(message: unknown): message is Report {
  return typeof message === 'object' && message !== null && 'passed' in message && 'failed' in message && 'skipped' in message;
}
