import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../hack/testbed/steps.ts';
import { CACHE, peerVersion } from './peer.ts';
import type { Row, Run } from './rows.ts';
import type { Measured } from './settle.ts';
import { tables } from './tables.ts';

/** Where the numbers go, as they come. */
export interface Results {
  add(run: Run, measured: Measured): void;
  /** Prints the tables; publishing puts them into docs/benchmarks.md. */
  finish(publish: boolean): void;
}

const PAGE = join(ROOT, 'docs/benchmarks.md');
const [BEGIN, END] = ['<!-- generated: results -->', '<!-- end of results -->'];
const FIELDS = ['phase', 'objects', 'round', 'workers', 'contestant', 'metric', 'value'] as const;

/** Opens the file of raw numbers of this run. */
export function openResults(command: string): Results {
  mkdirSync(CACHE, { recursive: true });
  const file = join(CACHE, `${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}.csv`);
  writeFileSync(file, `${FIELDS.join(',')},load\n`);
  const rows: Row[] = [];
  const loads: number[] = [];
  return {
    add(run, measured) {
      const [load = 0] = loadavg();
      loads.push(load);
      const fresh = Object.entries(measured).map(([metric, value]): Row => ({ ...run, metric, value }));
      rows.push(...fresh);
      appendFileSync(file, fresh.map((row) => `${FIELDS.map((field) => row[field]).join(',')},${load.toFixed(1)}\n`).join(''));
      console.log(lineOf(run, measured));
    },
    finish(publish) {
      const text = `${conditions(command, loads)}\n\n${tables(rows)}`;
      console.log(`\n${text}\n\nAll numbers: ${file}`);
      if (publish) writeFileSync(PAGE, withResults(readFileSync(PAGE, 'utf8'), text));
    },
  };
}

/** One line for whoever watches; single edits are for the file. */
function lineOf({ phase, objects, round, workers, contestant }: Run, measured: Measured): string {
  const shown = Object.entries(measured).filter(([metric]) => !/^(?:early|late)Edit |^calls /.test(metric));
  const numbers = shown.map(([metric, value]) => `${metric} ${Number(value.toPrecision(3))}`).join(', ');
  return `${phase} ${objects}, round ${round}, ${workers} workers, ${contestant}: ${numbers}`;
}

/** What the numbers depend on besides the programs. */
function conditions(command: string, loads: readonly number[]): string {
  const [cpu] = cpus();
  const load = `load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
  const machine = `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `\`${command}\`: Node ${process.versions.node}, controller-runtime ${peerVersion()}, ${machine}, ${load} (what is measured included).`;
}

function withResults(page: string, text: string): string {
  const [before, rest, ...more] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${PAGE} needs one "${BEGIN}" with "${END}" after it`);
  return `${before}${BEGIN}\n${text}\n${END}${after}`;
}
