import type { K8sObject, ObjectMeta, Resource } from '../../api/meta/object.ts';
import { BY_OWNER, BY_UID, type Informers } from './caches.ts';
import { OWNER_ANNOTATION, ownerUidOf } from './ownership.ts';
import { nameOf } from './resource.ts';

/** Whose children were left behind: what their marks tell. */
export type LostOwner = Pick<ObjectMeta, 'uid' | 'name' | 'namespace'>;

/** What an owner that is gone without having ended is worked on under: its name may be another's by now. */
const PREFIX = '~';
/** The key of a lost owner in the queue. */
export const lostKey = (uid: string): string => `${PREFIX}${uid}`;
/** Whether a key in the queue is that of a lost owner. */
export const isLostKey = (key: string): boolean => key.startsWith(PREFIX);

/** Finds owners that went without their ending: somebody took their finalizer away, or they were let go before all was done. */
export interface LostOwners {
  /** The key of whoever left this child behind; none if the owner is there. */
  keysOf(child: K8sObject): readonly string[];
  /** The owner under a key, as long as anything of it is left. */
  find(key: string): LostOwner | undefined;
}

/** Looks for owners of one kind among the children of these. */
export function lostOwners(owner: Resource, children: readonly Resource[], informers: Informers): LostOwners {
  const isThere = (uid: string): boolean => (informers.get(nameOf(owner))?.find(BY_UID, uid).length ?? 0) > 0;
  return {
    keysOf(child) {
      const uid = ownerUidOf(child);
      return uid === undefined || isThere(uid) ? [] : [lostKey(uid)];
    },
    find(key) {
      const uid = isLostKey(key) ? key.slice(PREFIX.length) : '';
      if (uid === '' || isThere(uid)) return undefined;
      for (const child of children.flatMap((resource) => informers.get(nameOf(resource))?.find(BY_OWNER, uid) ?? [])) {
        // Somebody may have rewritten the mark of one of them.
        const [, namespace, name] = /^\S+ (?:([^/]+)\/)?([^/]+)$/.exec(child.metadata.annotations?.[OWNER_ANNOTATION] ?? '') ?? [];
        if (name !== undefined) return { uid, name, ...(namespace === undefined ? {} : { namespace }) };
      }
      return undefined;
    },
  };
}
