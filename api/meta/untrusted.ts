/** Reading what anybody may have sent: nothing is where it should be until it was looked at, and prototypes lend nothing. */

/** A member of an object, or of its members; undefined if any of them is none. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = isRecord(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  return found;
}

/** The items of a list; none if it is no list. */
export const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The text of a value, or nothing. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The members of an object; none if it is none. */
export const members = (value: unknown): readonly (readonly [name: string, value: unknown])[] =>
  isRecord(value) ? Object.entries(value) : [];

/** Whether a value is an object with members. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
