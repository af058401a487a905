import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../hack/testbed/steps.ts';
import { CACHE, peerVersion } from './peer.ts';
import { populations, select, type Row, type Run } from './rows.ts';
import type { Measured } from './settle.ts';
import { tables } from './tables.ts';

/** Where the numbers go, as they come. */
export interface Results {
  readonly file: string;
  add(run: Run, measured: Measured): void;
}

const PAGE = join(ROOT, 'docs/benchmarks.md');
const [BEGIN, END] = ['<!-- generated: results -->', '<!-- end of results -->'];
const FIELDS = ['phase', 'objects', 'round', 'workers', 'contestant', 'metric', 'value', 'load'] as const;

/** Opens the file of raw numbers of this run. */
export function openResults(): Results {
  mkdirSync(CACHE, { recursive: true });
  const file = join(CACHE, `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}.csv`);
  writeFileSync(file, `${FIELDS.join(',')}\n`);
  return {
    file,
    add(run, measured) {
      const [load = 0] = loadavg();
      const rows = Object.entries(measured).map(([metric, value]) => ({ ...run, metric, value, load: load.toFixed(1) }));
      appendFileSync(file, rows.map((row) => `${FIELDS.map((field) => row[field]).join(',')}\n`).join(''));
      console.log(lineOf(run, measured));
    },
  };
}

/** One line for whoever watches; single edits are for the file. */
function lineOf({ phase, objects, round, workers, contestant }: Run, measured: Measured): string {
  const shown = Object.entries(measured).filter(([metric]) => !/^(?:early|late)Edit |^calls /.test(metric));
  const numbers = shown.map(([metric, value]) => `${metric} ${Number(value.toPrecision(3))}`).join(', ');
  return `${phase} ${objects}, round ${round}, ${workers} workers, ${contestant}: ${numbers}`;
}

/** Prints the tables over files of raw numbers; publishing puts them into docs/benchmarks.md. */
export function show(files: readonly string[], publish: boolean): void {
  const rows = files.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n').slice(1).map(parseRow));
  const text = `${conditions(rows)}\n\n${tables(rows)}`;
  console.log(`\n${text}\n\nAll numbers: ${files.join(', ')}`);
  if (publish) writeFileSync(PAGE, withResults(readFileSync(PAGE, 'utf8'), text));
}

function parseRow(line: string): Row & { readonly load: number } {
  const [phase = '', objects, round, workers, contestant = '', metric = '', value, load] = line.split(',');
  return {
    phase: phase as Row['phase'],
    contestant: contestant as Row['contestant'],
    metric,
    objects: Number(objects),
    round: Number(round),
    workers: Number(workers),
    value: Number(value),
    load: Number(load),
  };
}

/** What the numbers depend on besides the programs, and how they are had again. */
function conditions(rows: readonly (Row & { readonly load: number })[]): string {
  const [cpu] = cpus();
  const loads = rows.map(({ load }) => load);
  const rounds = Math.max(...rows.map(({ round }) => round));
  const workers = [...new Set(select(rows, { phase: 'settle' }).map((row) => row.workers))];
  const count = select(rows, { phase: 'settle' })[0]?.objects ?? 0;
  const command = `make bench N=${count} WORKERS=${workers.join(',')} COLD=${populations(rows).at(-1) ?? 0} ROUNDS=${rounds}`;
  const load = `load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
  const machine = `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `\`${command}\`: Node ${process.versions.node}, controller-runtime ${peerVersion()}, ${machine}, ${load}.`;
}

function withResults(page: string, text: string): string {
  const [before, rest, ...more] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${PAGE} needs one "${BEGIN}" with "${END}" after it`);
  return `${before}${BEGIN}\n${text}\n${END}${after}`;
}
