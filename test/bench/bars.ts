import { bytesPerObject, edits, populations, ratio, select, type Row } from './rows.ts';

/** Something we hold ourselves to. */
export interface Bar {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly kept: boolean;
}

/** A share, as people read it. */
const times = (value: number): string => `${value.toFixed(2)} ×`;

/** What we hold ourselves to, and whether it is so; a bar that nothing was measured for is left out. */
export function bars(rows: readonly Row[]): readonly Bar[] {
  return [...perObject(rows), ...cold(rows)].filter((bar) => bar !== undefined);
}

function perObject(rows: readonly Row[]): readonly (Bar | undefined)[] {
  const workers = [...new Set(select(rows, { phase: 'settle' }).map((row) => row.workers))];
  return workers.flatMap((w) => {
    const against = (metric: string) => ratio(rows, { phase: 'settle', workers: w, metric }, 'ours', 'twin')?.median;
    return [
      atMost(`API calls per object, ${w} workers`, 1, against('callsPerObject')),
      atMost(`CPU per object, ${w} workers`, 2, against('cpuMsPerObject')),
      // One worker waits for the API server all the time: its throughput tells of that, not of the engine.
      w === 1 ? undefined : atLeast(`Objects per second, ${w} workers`, 0.8, against('objectsPerSecond')),
    ];
  });
}

function cold(rows: readonly Row[]): readonly (Bar | undefined)[] {
  const objects = populations(rows).at(-1) ?? 0;
  const stalls = select(rows, { phase: 'cold', objects, contestant: 'ours', metric: 'stallCpuMs' }).map(({ value }) => value);
  const [early, late] = [edits(rows, 'ours', 'early'), edits(rows, 'ours', 'late')];
  const share = (metric: 'rssBytes' | 'heapBytes') => {
    const [ours, twin] = [bytesPerObject(rows, 'ours', metric), bytesPerObject(rows, 'twin', metric)];
    return ours === undefined || twin === undefined ? undefined : ours / twin;
  };
  return [
    atMost(`Time until ${objects} objects are read`, 2, ratio(rows, { phase: 'cold', objects, metric: 'syncMs' }, 'ours', 'twin')?.median),
    atMost('Live bytes per cached object', 2, share('heapBytes')),
    atMost('Resident bytes per cached object', 2, share('rssBytes')),
    stalls.length === 0 ? undefined : below('Longest stall of the event loop, CPU time, worst round', 200, Math.max(...stalls)),
    // Out of reach for whoever reads a collection before it works on it, and shown all the same: users do not ask which it was.
    early === undefined ? undefined : below('A user’s edit while all objects are read, p99', 1000, early.p99),
    late === undefined ? undefined : below('A user’s edit while all objects are looked at, p99', 1000, late.p99),
  ];
}

function atMost(what: string, limit: number, measured: number | undefined): Bar | undefined {
  return measured === undefined ? undefined : { what, limit: `≤ ${times(limit)}`, measured: times(measured), kept: measured <= limit };
}

function atLeast(what: string, limit: number, measured: number | undefined): Bar | undefined {
  return measured === undefined ? undefined : { what, limit: `≥ ${times(limit)}`, measured: times(measured), kept: measured >= limit };
}

const below = (what: string, limit: number, measured: number): Bar => ({
  what,
  limit: `< ${limit} ms`,
  measured: `${Math.round(measured)} ms`,
  kept: measured < limit,
});
