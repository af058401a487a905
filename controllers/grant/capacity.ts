import { formatQuantity, parseQuantity, styleOf, type Quantity } from '../runtime/quantity.ts';
import type { Hard } from './hard.ts';

/** One Grant's claim on what the nodes can carry. */
export interface Claim {
  readonly uid: string;
  /** Earlier first; equal ones are told apart by uid. */
  readonly createdAt: string;
  readonly hard: Hard;
  /** Let in already: it stays, whatever becomes of the nodes. */
  readonly admitted: boolean;
  /** Its owner lends more than there is, knowingly: it takes nothing from the others' guarantee. */
  readonly overcommits: boolean;
}

/** Whether a claim fits, and if not, what is missing. */
export type Verdict = { readonly fits: true } | { readonly fits: false; readonly missing: Hard };

/** What a node can carry and a quota can limit, under the quota's name for it. Storage is no node's. */
const ofNodes = (key: string): string | undefined =>
  key.startsWith('requests.') && key !== 'requests.storage' ? key.slice('requests.'.length) : undefined;

/**
 * Who fits, over all claims at once: those that were let in come first, then the older before the newer. One pure verdict
 * for everybody, so that two Grants that race for the last CPU get the same answer whoever asks first.
 */
export function judgeCapacity(claims: readonly Claim[], allocatable: Hard, reservePercent: number): ReadonlyMap<string, Verdict> {
  const left = new Map(Object.entries(allocatable).map(([name, amount]) => [name, withoutReserve(amount, reservePercent)]));
  const verdicts = new Map<string, Verdict>();
  for (const claim of claims.toSorted(inOrder)) {
    const needs = needsOf(claim.hard);
    const missing = needs.filter(([name, amount]) => amount > (left.get(name) ?? 0n));
    const fits = claim.overcommits || missing.length === 0;
    verdicts.set(claim.uid, fits ? { fits } : { fits, missing: shortfall(missing, left) });
    // One that is in keeps its share even where it does not fit any more: the next ones must not take it for free.
    if (!claim.overcommits && (fits || claim.admitted)) for (const [name, amount] of needs) left.set(name, (left.get(name) ?? 0n) - amount);
  }
  return verdicts;
}

type Needs = readonly (readonly [string, Quantity])[];

/** The same limits need the same: a thousand Grants are judged again for each one of them. */
const needsByHard = new WeakMap<Hard, Needs>();
function needsOf(hard: Hard): Needs {
  const held = needsByHard.get(hard) ?? Object.entries(hard).flatMap(([key, amount]) => needOf(ofNodes(key), amount));
  needsByHard.set(hard, held);
  return held;
}

function needOf(name: string | undefined, amount: string): Needs {
  const needed = parseQuantity(amount) ?? 0n;
  return name === undefined || needed === 0n || name === 'ephemeral-storage' ? [] : [[name, needed]];
}

const shortfall = (missing: Needs, left: ReadonlyMap<string, Quantity>): Hard =>
  Object.fromEntries(missing.map(([name, amount]) => [name, formatQuantity(amount - maxOf(0n, left.get(name) ?? 0n), styleOf(name))]));

const maxOf = (a: Quantity, b: Quantity): Quantity => (a > b ? a : b);
const withoutReserve = (amount: string, percent: number): Quantity => ((parseQuantity(amount) ?? 0n) * BigInt(100 - percent)) / 100n;

function inOrder(a: Claim, b: Claim): number {
  if (a.admitted !== b.admitted) return a.admitted ? -1 : 1;
  return compare(a.createdAt, b.createdAt) || compare(a.uid, b.uid);
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
