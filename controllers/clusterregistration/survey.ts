import type { Node } from '../../api/meta/builtin.ts';
import { formatQuantity, styleOf, sumQuantities } from '../runtime/quantity.ts';

/** What a realm's nodes are and can carry. */
export interface Survey {
  readonly nodes: number;
  readonly ready: number;
  /** Summed over the ready nodes that take anybody's Pods, by resource name, sorted. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** The schema's bound on resource names; beyond it, what sorts last of the others is left out. */
const MAX_RESOURCES = 32;

/** Said even where it is nothing: a map of the status that becomes empty is written as null by a server-side apply, and refused. */
const ALWAYS = ['cpu', 'memory'];

/** Counts the nodes and sums up what those can carry that take Pods of guests. */
export function surveyNodes(nodes: readonly Node[]): Survey {
  const ready = nodes.filter(isReady);
  const open = ready.filter(isOpen);
  const named = open.flatMap((node) => Object.keys(node.status?.allocatable ?? {}));
  const others = [...new Set(named)].filter((name) => !ALWAYS.includes(name)).toSorted();
  const names = [...ALWAYS, ...others.slice(0, MAX_RESOURCES - ALWAYS.length)].toSorted();
  const sumOf = (name: string): string =>
    formatQuantity(sumQuantities(open.map((node) => node.status?.allocatable?.[name] ?? '0')), styleOf(name));
  return { nodes: nodes.length, ready: ready.length, allocatable: Object.fromEntries(names.map((name) => [name, sumOf(name)])) };
}

const REFUSING = new Set(['NoSchedule', 'NoExecute']);

/** Cordoned nodes take nothing new, and guests may tolerate no taint but one that is named like a resource they are lent. */
const isOpen = ({ spec, status }: Node): boolean =>
  spec?.unschedulable !== true &&
  (spec?.taints ?? []).every(({ key, effect }) => !REFUSING.has(effect) || status?.allocatable?.[key] !== undefined);

const isReady = ({ metadata, status }: Node): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
