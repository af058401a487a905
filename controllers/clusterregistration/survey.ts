import type { Node } from '../../api/meta/builtin.ts';
import { formatQuantity, styleOf, sumQuantities } from '../runtime/quantity.ts';

/** What a realm's nodes are and can carry. */
export interface Survey {
  readonly nodes: number;
  readonly ready: number;
  /** Summed over ready nodes, by resource name, sorted. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** The schema's bound on resource names; beyond it, what sorts last is left out. */
const MAX_RESOURCES = 32;

/** Said even where it is nothing: a map of the status that becomes empty is written as null by a server-side apply, and refused. */
const ALWAYS = ['cpu', 'memory'];

/** Counts the nodes and sums up what the ready ones can carry. */
export function surveyNodes(nodes: readonly Node[]): Survey {
  const ready = nodes.filter(isReady);
  const named = ready.flatMap((node) => Object.keys(node.status?.allocatable ?? {}));
  const names = [...new Set([...ALWAYS, ...named])].toSorted().slice(0, MAX_RESOURCES);
  const sumOf = (name: string): string =>
    formatQuantity(sumQuantities(ready.map((node) => node.status?.allocatable?.[name] ?? '0')), styleOf(name));
  return { nodes: nodes.length, ready: ready.length, allocatable: Object.fromEntries(names.map((name) => [name, sumOf(name)])) };
}

const isReady = ({ metadata, status }: Node): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
