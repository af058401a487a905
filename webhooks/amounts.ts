import { parseQuantity, type Quantity } from '../controllers/runtime/quantity.ts';
import { members } from '../api/meta/untrusted.ts';

/** One piece: amounts are in units of 10⁻⁹. */
export const ONE: Quantity = 1_000_000_000n;

/** How much of what; a Map, since names come from strangers. */
export type Amounts = ReadonlyMap<string, Quantity>;

/** A quota has 128 keys at most; what names more than this is not counted to its end by us, but by the quota itself. */
const MOST_NAMES = 1_000;

/** The amounts of an object such as `resources.requests`. What is no amount counts as nothing: the API server has its own word for it. */
export function amountsOf(value: unknown): Amounts {
  const amounts = new Map<string, Quantity>();
  for (const [name, amount] of members(value).slice(0, MOST_NAMES)) {
    const quantity = typeof amount === 'string' || typeof amount === 'number' ? parseQuantity(amount) : undefined;
    if (quantity !== undefined) amounts.set(name, quantity);
  }
  return amounts;
}

/** Both together. */
export const plus = (a: Amounts, b: Amounts): Amounts => combine(a, b, (x, y) => x + y);
/** Of each the greater. */
export const greatest = (a: Amounts, b: Amounts): Amounts => combine(a, b, (x, y) => (x > y ? x : y));
/** What is more than before, and nothing of what is not. */
export const growth = (now: Amounts, before: Amounts): Amounts =>
  new Map([...now].map(([name, amount]) => [name, amount - (before.get(name) ?? 0n)] as const).filter(([, more]) => more > 0n));

function combine(a: Amounts, b: Amounts, how: (x: Quantity, y: Quantity) => Quantity): Amounts {
  const combined = new Map(a);
  for (const [name, amount] of b) {
    const there = combined.get(name);
    combined.set(name, there === undefined ? amount : how(there, amount));
  }
  return combined;
}
