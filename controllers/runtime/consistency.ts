import type { K8sObject, Resource } from '../../api/meta/object.ts';
import type { Informers, Reader } from './caches.ts';
import type { Client } from './client.ts';
import { ApiError } from './errors.ts';
import type { Informer } from './informer.ts';
import { keyOf, nameOf, targetOf } from './resource.ts';
import { compareVersions } from './store.ts';
import { NORMAL_PRIORITY } from './workqueue.ts';

/**
 * The stale-cache gate. After a write, the local copies are older than the world until the watch brings the write back.
 * To decide on them again before would be to decide twice: creating what exists, undoing what was just done.
 */
export interface Gate {
  /** Notes what a write for this owner brought about. */
  wrote(ownerKey: string, resource: Resource, written: K8sObject): void;
  /** Notes that an object was deleted for this owner: nobody tells which version that brought about. */
  deleted(ownerKey: string, resource: Resource, object: K8sObject): void;
  /** Whether the copies hold all that was written for the owner; if not, calls back once they do, with the highest priority asked with. */
  isFresh(ownerKey: string, callback: (priority: number) => void, priority?: number): boolean;
  forget(ownerKey: string): void;
}

/** A gate over a controller's informers that nothing was written through yet. */
export function createGate(informers: Informers): Gate {
  /** Per owner and resource, the newest version that a write of ours brought about. */
  const expected = new Map<string, Map<string, { readonly version: string; readonly rewinds: number }>>();
  /** Per owner, what was deleted and may be in the copies yet. */
  const leaving = new Map<string, Set<Leaving>>();
  /** Owners whose callback is waiting already, and how urgently: however often one is asked for, it is called back once. */
  const waiting = new Map<string, number>();
  return {
    wrote(ownerKey, resource, { metadata: { resourceVersion } }) {
      const name = nameOf(resource);
      const informer = informers.get(name);
      // What is not watched can't be stale, and a no-op brings back a version that was seen long ago.
      if (informer === undefined || informer.hasSeen(resourceVersion)) return;
      const versions = expected.get(ownerKey) ?? new Map<string, { readonly version: string; readonly rewinds: number }>();
      expected.set(ownerKey, versions.set(name, { version: resourceVersion, rewinds: informer.rewinds }));
    },
    deleted(ownerKey, resource, object) {
      const informer = informers.get(nameOf(resource));
      if (informer === undefined) return;
      leaving.set(ownerKey, (leaving.get(ownerKey) ?? new Set<Leaving>()).add({ informer, object, rewinds: informer.rewinds }));
    },
    isFresh(ownerKey, callback, priority = NORMAL_PRIORITY) {
      const waitFor = (informer: Informer, holds: () => boolean): false => {
        const before = waiting.get(ownerKey);
        waiting.set(ownerKey, Math.max(priority, before ?? priority));
        const release = (): void => {
          const highest = waiting.get(ownerKey);
          waiting.delete(ownerKey);
          callback(highest ?? priority);
        };
        if (before === undefined) informer.when(holds, release);
        return false;
      };
      for (const [name, { version, rewinds }] of expected.get(ownerKey) ?? []) {
        const informer = informers.get(name);
        if (informer === undefined || informer.hasSeen(version) || informer.rewinds !== rewinds) continue;
        return waitFor(informer, () => informer.hasSeen(version));
      }
      expected.delete(ownerKey);
      for (const gone of leaving.get(ownerKey) ?? []) if (isShown(gone)) return waitFor(gone.informer, () => !isShown(gone));
      leaving.delete(ownerKey);
      return true;
    },
    forget(ownerKey) {
      expected.delete(ownerKey);
      leaving.delete(ownerKey);
    },
  };
}

interface Leaving {
  readonly informer: Informer;
  readonly object: K8sObject;
  readonly rewinds: number;
}

/** Whether a copy shows an object as if nobody had deleted it. */
function isShown({ informer, object, rewinds }: Leaving): boolean {
  // Of a restored etcd nobody knows what it holds.
  if (informer.rewinds !== rewinds) return false;
  const held = informer.get(keyOf(object))?.metadata;
  return held?.uid === object.metadata.uid && held.deletionTimestamp === undefined;
}

/**
 * Fails like a lost race unless the cache shows every object of a kind as new as the API server has it by now: for a decision over
 * all of them right after a start, when a cache may lag behind what the process before this one wrote.
 */
export async function expectNewest<T extends K8sObject>(client: Pick<Client, 'list'>, cache: Reader, resource: Resource<T>): Promise<void> {
  const isBehind = ({ metadata: { namespace = '', name, resourceVersion } }: T): boolean =>
    compareVersions(cache.get(resource, { namespace, name })?.metadata.resourceVersion ?? '', resourceVersion) < 0;
  const behind = (await client.list(resource)).find(isBehind);
  if (behind !== undefined)
    throw new ApiError(409, 'CacheBehind', `The cache does not show ${resource.kind} ${keyOf(behind)} as it is by now`);
}

/**
 * The same of one object that the cache shows: for what can't be taken back once it is decided from it. Each collection comes by a
 * watch of its own, so that an object may be shown long after it went, beside others that came after that.
 */
export async function expectCurrent<T extends K8sObject>(client: Pick<Client, 'read'>, resource: Resource<T>, shown: T): Promise<void> {
  const there = await client.read(resource, targetOf(shown));
  if (there?.metadata.resourceVersion === shown.metadata.resourceVersion) return;
  throw new ApiError(409, 'CacheBehind', `The cache does not show ${resource.kind} ${keyOf(shown)} as it is by now`);
}
