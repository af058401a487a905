import type { Summary } from './stats.ts';

/** A median with the middle half behind it, in a unit that suits it; nothing where nothing was measured. */
export function spread(summary: Summary | undefined, digits: number, unit = 1): string {
  if (summary === undefined) return '';
  const [median, low, high] = [summary.median, summary.low, summary.high].map((value) => (value / unit).toFixed(digits));
  return low === high ? `${median}` : `${median} (${low}–${high})`;
}

/** A table as docs/benchmarks.md has them. */
export function table(titles: readonly string[], lines: readonly (readonly string[])[]): string {
  return [titles, titles.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
