import { INTENT_ANNOTATION } from '../../controllers/runtime/children.ts';
import type { K8sObject } from '../../api/meta/object.ts';
import type { Write } from '../env/audit.ts';

/** Gives what differs from telling to telling by nature the same name in each. */
type Mask = (text: string) => string;

/** A name that ends in a hash, such as that of a slice, which comes from a uid. */
const HASHED = /\b([a-z][a-z0-9-]*)-([0-9a-f]{8})\b/g;
const UID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Hashed names are numbered as they appear, so that two that differ still do; a uid is called after whose it is. */
function createMask(names: Readonly<Record<string, string>>, uids: ReadonlyMap<string, string> = new Map()): Mask {
  const known = new Map(Object.entries(names));
  const counts = new Map<string, number>();
  const numbered = (whole: string, readable: string): string => {
    const count = (counts.get(readable) ?? 0) + 1;
    const masked = known.get(whole) ?? `${readable}-#${count}`;
    if (!known.has(whole)) counts.set(readable, count);
    known.set(whole, masked);
    return masked;
  };
  const named = (text: string): string => Object.entries(names).reduce((masked, [name, label]) => masked.replaceAll(name, label), text);
  return (text) =>
    named(text)
      .replace(UID, (uid) => `the uid of ${uids.get(uid) ?? 'nothing here'}`)
      .replace(TIME, 'some time')
      .replace(HASHED, numbered);
}

/** A world as lines of `object: path = value`, sorted; the same for every telling that ended the same way. */
export function linesOf(objects: readonly K8sObject[], names: Readonly<Record<string, string>>): readonly string[] {
  const mask = createMask(names);
  const titles = new Map(objects.map((object) => [object.metadata.uid, mask(titleOf(object))]));
  const full = createMask(names, titles);
  // The names of all objects first: they are numbered in the order in which they are listed.
  objects.forEach((object) => void full(titleOf(object)));
  return objects
    .flatMap((object) => pathsOf(withoutNoise(object), '').map((line) => `${titles.get(object.metadata.uid)}: ${full(line)}`))
    .toSorted();
}

const titleOf = ({ kind = '', metadata: { namespace, name } }: K8sObject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** What the API server counts for itself, and what is derived from something that stands in the world anyway. */
function withoutNoise({ metadata, ...rest }: K8sObject): object {
  const { resourceVersion: _, creationTimestamp: __, generation, ...meta } = metadata;
  const isCurrent = (key: string, value: unknown): unknown => (key === 'observedGeneration' ? value === generation : value);
  return JSON.parse(JSON.stringify({ ...rest, metadata: meta }, isCurrent)) as object;
}

/** A hash over names that differ, and who set what when. */
const NOISE = new Set([INTENT_ANNOTATION, 'managedFields']);

function pathsOf(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [`${path} = ${JSON.stringify(value)}`];
  const entries = Object.entries(value).filter(([key]) => !NOISE.has(key));
  return entries.length === 0 ? [`${path} = {}`] : entries.flatMap(([key, inner]) => pathsOf(inner, `${path}.${key}`));
}

/** What took effect and can't be taken back, one line each: what was made, what was deleted, and what the stage names besides. */
export function effectsOf(
  writes: readonly Write[],
  names: Readonly<Record<string, string>>,
  isIrreversible: (write: Write) => boolean = () => false,
): readonly string[] {
  const mask = createMask(names);
  const leaving = new Set<string>();
  return writes
    .filter(({ resource, subresource }) => resource !== 'events' && subresource !== 'status')
    .flatMap((write) => {
      const effect = effectOf(write, isIrreversible);
      const what = `${write.resource} ${write.namespace === '' ? '' : `${write.namespace}/`}${write.name}`;
      // What is on its way out is not deleted once more, however often it is asked for.
      if (effect === undefined || (effect === 'delete' && leaving.has(what))) return [];
      if (effect === 'delete') leaving.add(what);
      if (effect === 'create') leaving.delete(what);
      return [mask(`${effect} ${what}`)];
    })
    .toSorted();
}

function effectOf(write: Write, isIrreversible: (write: Write) => boolean): string | undefined {
  const { verb, code } = write;
  if (code === 201) return 'create';
  if (code >= 300) return undefined;
  return verb === 'delete' || isIrreversible(write) ? verb : undefined;
}

/** What one telling has and the other lacks, a line each; empty if they are the same. Lines that occur twice count twice. */
export function difference(want: readonly string[], got: readonly string[]): readonly string[] {
  const left = [...got];
  const missing = want.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [...missing.map((line) => `- ${line}`), ...left.map((line) => `+ ${line}`)];
}

/** A difference to read: enough of it to know what it is about. */
export const shownIn = (lines: readonly string[]): string =>
  [...lines.slice(0, MOST_LINES), ...(lines.length > MOST_LINES ? [`and ${lines.length - MOST_LINES} lines more`] : [])].join('\n');
const MOST_LINES = 20;
