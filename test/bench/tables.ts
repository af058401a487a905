import { bars } from './bars.ts';
import { CONTESTANTS, type Name } from './contestant.ts';
import { spread, table } from './markdown.ts';
import { bytesPerObject, edits, middle, populations, ratio, select, type Row } from './rows.ts';
import type { Summary } from './stats.ts';

/** Everything that was measured, as the tables of docs/benchmarks.md. */
export function tables(rows: readonly Row[]): string {
  return [barTable(rows), backlogTable(rows), coldTable(rows)].filter((text) => text !== '').join('\n\n');
}

function barTable(rows: readonly Row[]): string {
  const lines = bars(rows).map(({ what, limit, measured, kept }) => [what, limit, measured, kept ? 'yes' : '**no**']);
  return lines.length === 0 ? '' : table(['ours, beside the twin', 'bar', 'measured', 'kept'], lines);
}

/** Metrics of a settled backlog: title, name, digits after the point. */
const BACKLOG: readonly (readonly [title: string, metric: string, digits: number])[] = [
  ['objects/s', 'objectsPerSecond', 0],
  ['CPU ms per object', 'cpuMsPerObject', 2],
  ['calls per object', 'callsPerObject', 2],
  ['of them writes', 'writesPerObject', 2],
  ['latency p50, ms', 'latencyP50Ms', 0],
  ['latency p99, ms', 'latencyP99Ms', 0],
  ['restart: CPU ms per object', 'restartCpuMsPerObject', 2],
  ['restart: writes', 'restartWrites', 0],
];

function backlogTable(rows: readonly Row[]): string {
  const settled = select(rows, { phase: 'settle' });
  const workers = [...new Set(settled.map((row) => row.workers))];
  const lines = workers.flatMap((w) =>
    CONTESTANTS.filter((name) => select(settled, { workers: w, contestant: name }).length > 0).map((contestant) => [
      String(w),
      contestant,
      ...BACKLOG.map(([, metric, digits]) => spread(middle(settled, { workers: w, contestant, metric }), digits)),
    ]),
  );
  const shares = workers.map((w) => [
    String(w),
    'ours ÷ twin',
    ...BACKLOG.map(([, metric]) => share(ratio(settled, { workers: w, metric }, 'ours', 'twin'))),
  ]);
  return lines.length === 0 ? '' : table(['workers', '', ...BACKLOG.map(([title]) => title)], [...lines, ...shares]);
}

/** Metrics of a cold start: title, name, what the number is divided by, digits after the point. */
const COLD: readonly (readonly [title: string, metric: string, unit: number, digits: number])[] = [
  ['all read, s', 'syncMs', 1000, 1],
  ['all looked at, s', 'doneMs', 1000, 1],
  ['CPU, s', 'cpuSeconds', 1, 1],
  ['resident, MB', 'rssBytes', 1e6, 0],
  ['peak, MB', 'peakRssBytes', 1e6, 0],
  ['live, MB', 'heapBytes', 1e6, 0],
  ['longest stall, CPU ms', 'stallCpuMs', 1, 0],
  ['the same in time, ms', 'stallWallMs', 1, 0],
  ['stray writes', 'strayWrites', 1, 0],
];

function coldTable(rows: readonly Row[]): string {
  const names: readonly Name[] = ['ours', 'twin'];
  const starts = populations(rows).flatMap((objects) => [
    ...names.map((contestant) => [
      String(objects),
      contestant,
      ...COLD.map(([, metric, unit, digits]) => spread(middle(rows, { phase: 'cold', objects, contestant, metric }), digits, unit)),
    ]),
    [String(objects), 'ours ÷ twin', ...COLD.map(([, metric]) => share(ratio(rows, { phase: 'cold', objects, metric }, 'ours', 'twin')))],
  ]);
  if (starts.length === 0) return '';
  const perObject = names.map((name) => [
    name,
    bytes(bytesPerObject(rows, name, 'heapBytes')),
    bytes(bytesPerObject(rows, name, 'rssBytes')),
    editing(edits(rows, name, 'early')),
    editing(edits(rows, name, 'late')),
  ]);
  return [
    table(['objects', '', ...COLD.map(([title]) => title)], starts),
    table(
      ['', 'live bytes per cached object', 'resident bytes per cached object', 'edits while all is read', 'edits while all is looked at'],
      perObject,
    ),
  ].join('\n\n');
}

const bytes = (value: number | undefined): string => (value === undefined ? '' : String(Math.round(value)));

const editing = (found: ReturnType<typeof edits>): string =>
  found === undefined ? '' : `p50 ${Math.round(found.p50)} ms, p99 ${Math.round(found.p99)} ms (${found.count})`;

/** Nothing divided by nothing says nothing. */
const share = (summary: Summary | undefined): string =>
  summary === undefined || !Number.isFinite(summary.median)
    ? ''
    : `**${summary.median.toFixed(2)}** (${summary.low.toFixed(2)}–${summary.high.toFixed(2)})`;
