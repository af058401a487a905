import type { Name } from './contestant.ts';
import { quantile, summarise, type Summary } from './stats.ts';

/** Which measurement a number belongs to. */
export interface Run {
  readonly phase: 'settle' | 'cold';
  /** How many objects there were. */
  readonly objects: number;
  readonly round: number;
  readonly workers: number;
  readonly contestant: Name;
}

/** One number. */
export interface Row extends Run {
  readonly metric: string;
  readonly value: number;
}

/** Which rows are meant: each given field must be equal. */
export type Which = Partial<Pick<Row, 'phase' | 'objects' | 'workers' | 'contestant' | 'metric' | 'round'>>;

/** The rows that are meant. */
export const select = (rows: readonly Row[], which: Which): readonly Row[] =>
  rows.filter((row) => Object.entries(which).every(([field, value]) => row[field as keyof Row] === value));

/** What is in the middle of all rounds; undefined where nothing was measured. */
export function middle(rows: readonly Row[], which: Which): Summary | undefined {
  const values = select(rows, which).map(({ value }) => value);
  return values.length === 0 ? undefined : summarise(values);
}

/** How many times as much one contestant took as another: by round, since what disturbs a round disturbs both. */
export function ratio(rows: readonly Row[], which: Which, of: Name, to: Name): Summary | undefined {
  const ratios = select(rows, { ...which, contestant: of }).flatMap(({ round, workers, value }) => {
    const [other] = select(rows, { ...which, round, workers, contestant: to });
    return other === undefined ? [] : [value / other.value];
  });
  return ratios.length === 0 ? undefined : summarise(ratios);
}

/** The numbers of objects at which cold starts were measured, fewest first. */
export const populations = (rows: readonly Row[]): readonly number[] =>
  [...new Set(select(rows, { phase: 'cold' }).map(({ objects }) => objects))].toSorted((a, b) => a - b);

/** Every widget comes with a ConfigMap, and both are cached. */
const CACHED_PER_WIDGET = 2;

/** What one more cached object costs: the slope between the fewest and the most objects. */
export function bytesPerObject(rows: readonly Row[], contestant: Name, metric: 'rssBytes' | 'heapBytes'): number | undefined {
  const [few = 0, ...more] = populations(rows);
  const many = more.at(-1);
  const at = (objects: number) => middle(rows, { phase: 'cold', objects, contestant, metric })?.median;
  const [low, high] = [at(few), many === undefined ? undefined : at(many)];
  return many === undefined || low === undefined || high === undefined ? undefined : (high - low) / (CACHED_PER_WIDGET * (many - few));
}

/** How long users' edits took, over all rounds together. */
export function edits(
  rows: readonly Row[],
  contestant: Name,
  when: 'early' | 'late',
): { p50: number; p99: number; count: number } | undefined {
  const values = rows.filter((row) => row.contestant === contestant && row.metric.startsWith(`${when}Edit `)).map(({ value }) => value);
  return values.length === 0 ? undefined : { p50: quantile(values, 0.5), p99: quantile(values, 0.99), count: values.length };
}
