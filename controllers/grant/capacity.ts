import { compareTexts } from '../runtime/canonical.ts';
import { formatQuantity, lesserOf, parseQuantity, styleOf, type Quantity } from '../runtime/quantity.ts';
import { overused, type Hard } from './hard.ts';

/** One Grant's claim on what the nodes can carry. */
export interface Claim {
  readonly uid: string;
  /** Earlier first; equal ones are told apart by uid. */
  readonly createdAt: string;
  /** What was promised: it stays, whatever becomes of the nodes. Nothing for one that was not let in yet. */
  readonly held: Hard;
  /** What is used, which after a shrink may be more than is held. */
  readonly used: Hard;
  /** What is asked for now. */
  readonly wanted: Hard;
  /** Its owner lends more than there is, knowingly: it takes nothing from the others' guarantee. */
  readonly overcommits: boolean;
}

/** What becomes of a claim. */
export interface Verdict {
  /** Whether all that is asked for fits. */
  readonly fits: boolean;
  /** What the nodes lack for what is asked for beyond what is held. */
  readonly missing: Hard;
  /** What is held and has no place any more, since nodes were lost. */
  readonly lost: Hard;
}

/** What is no node's to give, or is not counted by nodes that are not told to. */
const NOT_OF_NODES = new Set(['requests.storage', 'requests.ephemeral-storage']);
/** What a node can carry and a quota can limit, under the quota's name for it. */
const ofNodes = (key: string): string | undefined =>
  key.startsWith('requests.') && !NOT_OF_NODES.has(key) ? key.slice('requests.'.length) : undefined;

/**
 * Who fits, over all claims at once: what was promised comes first, then what is asked for beyond it, both by age. One pure
 * verdict for everybody, so that two Grants that race for the last CPU get the same answer whoever asks first.
 */
export function judgeCapacity(claims: readonly Claim[], allocatable: Hard, reservePercent: number): ReadonlyMap<string, Verdict> {
  const left = new Map(Object.entries(allocatable).map(([name, amount]) => [name, withoutReserve(name, amount, reservePercent)]));
  const take = (needs: Needs): void => needs.forEach(([name, amount]) => void left.set(name, (left.get(name) ?? 0n) - amount));
  const lacking = (needs: Needs): Needs => needs.filter(([name, amount]) => amount > (left.get(name) ?? 0n));
  const inOrder = claims
    .map((claim) => ({ ...claim, held: occupiedBy(claim) }))
    .toSorted((a, b) => compareTexts(a.createdAt, b.createdAt) || compareTexts(a.uid, b.uid));
  const lost = new Map<string, Hard>();
  for (const { uid, held, overcommits } of inOrder) {
    if (overcommits) continue;
    lost.set(uid, shortfall(lacking(needsOf(held)), nothingBelowZero(left)));
    // It keeps its share even where it does not fit any more: the next ones must not take it for free.
    take(needsOf(held));
  }
  const verdicts = new Map<string, Verdict>();
  for (const { uid, held, wanted, overcommits } of inOrder) {
    const more = overcommits ? [] : growthOf(held, wanted);
    const missing = shortfall(lacking(more), left);
    const fits = Object.keys(missing).length === 0;
    if (fits) take(more);
    verdicts.set(uid, { fits, missing, lost: lost.get(uid) ?? {} });
  }
  return verdicts;
}

/** What a claim takes of the nodes: what runs goes on after a shrink, and nobody else can have its room until it ends. */
function occupiedBy({ held, used }: Pick<Claim, 'held' | 'used'>): Hard {
  const known = occupiedByHeld.get(held);
  if (known?.used === used) return known.occupied;
  const occupied = { ...held, ...excessOf(held, used) };
  occupiedByHeld.set(held, { used, occupied });
  return occupied;
}
/** As with needsByHard: a thousand Grants are judged again for each one of them. */
const occupiedByHeld = new WeakMap<Hard, { readonly used: Hard; readonly occupied: Hard }>();

/** What is used of the nodes beyond what is held; undefined where nothing is, as mostly. */
export function excessOf(held: Hard, used: Hard): Hard | undefined {
  const keys = overused(held, used).filter((key) => ofNodes(key) !== undefined);
  return keys.length === 0 ? undefined : Object.fromEntries(keys.map((key) => [key, used[key] ?? '0']));
}

/** What is asked for beyond what is held. */
function growthOf(held: Hard, wanted: Hard): Needs {
  const has = new Map(needsOf(held));
  return needsOf(wanted).flatMap(([name, amount]) =>
    amount > (has.get(name) ?? 0n) ? [[name, amount - (has.get(name) ?? 0n)] as const] : [],
  );
}

/** Whether this asks the nodes for more than that. */
export const asksForMore = (wanted: Hard, held: Hard): boolean => growthOf(held, wanted).length > 0;

/** What is in force while an enlargement does not fit: of what nodes carry the old amount, unless less is asked for. */
export const withoutGrowth = (wanted: Hard, held: Hard): Hard =>
  Object.fromEntries(Object.entries(wanted).map(([key, amount]) => [key, isOfNodes(key) ? lesserOf(amount, held[key] ?? '0') : amount]));

/** What is lent while the limits are not down to it yet: of what nodes carry, all that the API server still lets in. */
export function withEnforced(hard: Hard, enforced: Hard): Hard {
  const more = Object.entries(enforced).filter(
    ([key, amount]) => isOfNodes(key) && (parseQuantity(amount) ?? 0n) > (parseQuantity(hard[key] ?? '0') ?? 0n),
  );
  return more.length === 0 ? hard : { ...hard, ...Object.fromEntries(more) };
}

const isOfNodes = (key: string): boolean => ofNodes(key.replace(/^limits\./, 'requests.')) !== undefined;

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
  return name === undefined || needed === 0n ? [] : [[name, needed]];
}

/** Where less than nothing is left, that is missing too. */
const shortfall = (missing: Needs, left: ReadonlyMap<string, Quantity>): Hard =>
  Object.fromEntries(missing.map(([name, amount]) => [name, formatQuantity(amount - (left.get(name) ?? 0n), styleOf(name))]));

/** Of one's own share no more can be lost than there is of it. */
const nothingBelowZero = (left: ReadonlyMap<string, Quantity>): ReadonlyMap<string, Quantity> =>
  new Map([...left].map(([name, amount]) => [name, amount > 0n ? amount : 0n]));

const ONE = parseQuantity('1') ?? 1n;
/** Devices are lent by the piece: of one, a tenth can't be kept back, nor nine tenths be lent. */
const isDevice = (name: string): boolean => name.includes('/');

function withoutReserve(name: string, text: string, percent: number): Quantity {
  const amount = parseQuantity(text) ?? 0n;
  const reserve = (amount * BigInt(percent)) / 100n;
  return amount - (isDevice(name) ? reserve - (reserve % ONE) : reserve);
}
