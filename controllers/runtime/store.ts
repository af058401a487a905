import type { K8sObject } from '../../api/meta/object.ts';
import { keyOf } from './resource.ts';

/** Which values an object is found under. */
export type IndexFn<T extends K8sObject> = (object: T) => readonly string[];
/** Indexes by name; an object is found under each value that its function gives. */
export type Indexes<T extends K8sObject> = Readonly<Record<string, IndexFn<T>>>;

/** What became different when one object arrived or left. */
export type Change<T extends K8sObject> =
  | { readonly kind: 'added'; readonly next: T }
  | { readonly kind: 'updated'; readonly previous: T; readonly next: T }
  | { readonly kind: 'deleted'; readonly previous: T };

/** Objects by key, newest version only. */
export interface Store<T extends K8sObject> {
  get(key: string): T | undefined;
  list(): readonly T[];
  find(index: string, value: string): readonly T[];
  readonly size: number;
  /** Takes an object as it is now; an older or equal one than the held changes nothing. */
  put(object: T): readonly Change<T>[];
  /** Forgets an object; one that is not held changes nothing, so that a deletion is told once. */
  remove(object: T): readonly Change<T>[];
  /** Makes the content exactly this list, and tells what that changed: deletions that nobody told us of are among it. */
  replace(objects: readonly T[]): readonly Change<T>[];
}

/** Resource versions of one resource are ordered (stable since 1.35): decimals of any length. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** An empty store with these indexes. */
export const createStore = <T extends K8sObject>(indexes: Indexes<T>): Store<T> => new IndexedStore(indexes);

/** A map of objects with indexes, which hands out changes instead of calling back. */
class IndexedStore<T extends K8sObject> implements Store<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes: Indexes<T>;
  /** Index, value, key. */
  readonly #found: ReadonlyMap<string, Map<string, Map<string, T>>>;

  constructor(indexes: Indexes<T>) {
    this.#indexes = indexes;
    this.#found = new Map(Object.keys(indexes).map((name) => [name, new Map<string, Map<string, T>>()]));
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  find(index: string, value: string): readonly T[] {
    const bucket = this.#found.get(index);
    if (bucket === undefined) throw new Error(`There is no index "${index}"`);
    return [...(bucket.get(value)?.values() ?? [])];
  }

  get size(): number {
    return this.#objects.size;
  }

  put(object: T): readonly Change<T>[] {
    const key = keyOf(object);
    const held = this.#objects.get(key);
    if (held === undefined) return [this.#set(key, object)];
    return compareVersions(object.metadata.resourceVersion, held.metadata.resourceVersion) > 0 ? this.#swap(key, held, object) : [];
  }

  remove(object: T): readonly Change<T>[] {
    const key = keyOf(object);
    const held = this.#objects.get(key);
    return held === undefined ? [] : [this.#drop(key, held)];
  }

  replace(list: readonly T[]): readonly Change<T>[] {
    const next = new Map(list.map((object) => [keyOf(object), object]));
    const changes: Change<T>[] = [];
    for (const [key, held] of this.#objects) if (!next.has(key)) changes.push(this.#drop(key, held));
    for (const [key, object] of next) {
      const held = this.#objects.get(key);
      if (held === undefined) changes.push(this.#set(key, object));
      else if (held.metadata.resourceVersion !== object.metadata.resourceVersion) changes.push(...this.#swap(key, held, object));
    }
    return changes;
  }

  /** A new object under an old name: whoever owned the old one must hear that it is gone. */
  #swap(key: string, previous: T, next: T): readonly Change<T>[] {
    return previous.metadata.uid === next.metadata.uid ? [this.#set(key, next)] : [this.#drop(key, previous), this.#set(key, next)];
  }

  #set(key: string, object: T): Change<T> {
    const previous = this.#objects.get(key);
    if (previous !== undefined) this.#unindex(key, previous);
    this.#objects.set(key, object);
    this.#eachIndexed(object, (bucket, value) => {
      const entries = bucket.get(value) ?? new Map<string, T>();
      bucket.set(value, entries.set(key, object));
    });
    return previous === undefined ? { kind: 'added', next: object } : { kind: 'updated', previous, next: object };
  }

  #drop(key: string, previous: T): Change<T> {
    this.#unindex(key, previous);
    this.#objects.delete(key);
    return { kind: 'deleted', previous };
  }

  #unindex(key: string, object: T): void {
    this.#eachIndexed(object, (bucket, value) => {
      const entries = bucket.get(value);
      entries?.delete(key);
      if (entries?.size === 0) bucket.delete(value);
    });
  }

  #eachIndexed(object: T, visit: (bucket: Map<string, Map<string, T>>, value: string) => void): void {
    for (const [name, bucket] of this.#found) for (const value of this.#indexes[name]?.(object) ?? []) visit(bucket, value);
  }
}
