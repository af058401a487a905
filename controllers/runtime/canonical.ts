import { createHash } from 'node:crypto';

/** The same text for equal values, whatever the order of their keys; what is undefined does not exist. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(byKey))
      : inner,
  );
}

/** The order of texts that is the same on every machine, whatever language it speaks. */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The entries of an object in the order of their keys. */
export const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => compareTexts(a, b);

/** A short name for a value: equal values have equal ones. */
export const digest = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('base64url').slice(0, 22);

/** Whether both are the same, where a list of nothing is as good as none. */
export const isSame = (a: unknown, b: unknown): boolean => canonical(withoutNothing(a)) === canonical(withoutNothing(b));

function withoutNothing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNothing);
  if (typeof value !== 'object' || value === null) return value;
  const told = Object.entries(value).filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0));
  return Object.fromEntries(told.map(([key, inner]) => [key, withoutNothing(inner)]));
}

/** Whether everything that is wanted is there already; what else is there does not matter, except in lists. */
export function contains(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    // The API server stores no list of nothing.
    const there: unknown = actual ?? [];
    return Array.isArray(there) && there.length === wanted.length && wanted.every((item, i) => contains(there[i], item));
  }
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted;
  if (typeof actual !== 'object' || actual === null) return false;
  const there = new Map<string, unknown>(Object.entries(actual));
  return Object.entries(wanted).every(([key, value]) => value === undefined || contains(there.get(key), value));
}
