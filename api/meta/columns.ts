import type { PrinterColumn } from './json-schema.ts';

/** Columns in the order in which `kubectl get` shows them; each step gives a longer list. */
export interface Columns {
  readonly list: readonly PrinterColumn[];
  /** A column of the domain. One path only: what is composed belongs into status.summary. */
  show(name: string, jsonPath: string, description: string): Columns;
  /** A column that shows with `-o wide` only. */
  wide(name: string, jsonPath: string, description: string): Columns;
  ready(): Columns;
  /** The reason of Ready, with `-o wide`. */
  reason(): Columns;
  age(): Columns;
}

const READY = '.status.conditions[?(@.type=="Ready")]';

/** Starts a list of columns. */
export const columns: Columns = columnsFrom([]);

function columnsFrom(list: readonly PrinterColumn[]): Columns {
  const add = (column: PrinterColumn): Columns => columnsFrom([...list, column]);
  const show = (name: string, jsonPath: string, description: string): Columns => add({ name, type: 'string', description, jsonPath });
  const wide = (name: string, jsonPath: string, description: string): Columns =>
    add({ name, type: 'string', description, jsonPath, priority: 1 });
  return {
    list,
    show,
    wide,
    ready: () => show('Ready', `${READY}.status`, 'Whether what spec and clock ask for is in force.'),
    reason: () => wide('Reason', `${READY}.reason`, 'The reason of the Ready condition.'),
    age: () => add({ name: 'Age', type: 'date', description: 'Time since creation.', jsonPath: '.metadata.creationTimestamp' }),
  };
}
