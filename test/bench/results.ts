import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from './peer.ts';
import type { Measured } from './settle.ts';
import type { Name } from './contestant.ts';

/** Which measurement a number belongs to. */
export interface Run {
  readonly phase: 'settle' | 'cold';
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

/** Where the numbers go, as they come. */
export interface Results {
  add(run: Run, measured: Measured): void;
  finish(): void;
}

/** Opens the file of raw numbers of this run. */
export function openResults(): Results {
  mkdirSync(CACHE, { recursive: true });
  const file = join(CACHE, `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}.csv`);
  writeFileSync(file, 'phase,objects,round,workers,contestant,metric,value\n');
  const rows: Row[] = [];
  return {
    add(run, measured) {
      const fresh = Object.entries(measured).map(([metric, value]) => ({ ...run, metric, value }));
      rows.push(...fresh);
      appendFileSync(
        file,
        fresh
          .map((row) => `${[row.phase, row.objects, row.round, row.workers, row.contestant, row.metric, row.value].join(',')}\n`)
          .join(''),
      );
      const shown = Object.entries(measured).filter(([metric]) => !/^(?:early|late)Edit/.test(metric));
      console.log(
        `${run.phase} ${run.objects} round ${run.round}, ${run.workers} workers, ${run.contestant.padEnd(5)}: ${shown.map(([metric, value]) => `${metric} ${Number(value.toPrecision(4))}`).join(', ')}`,
      );
    },
    finish() {
      console.log(`All numbers: ${file}`);
    },
  };
}
