import type { K8sObject, Resource } from '../../api/meta/object.ts';
import type { Clock } from './clock.ts';
import { createInformer, type Informer, type Selection } from './informer.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { OWNER_UID_LABEL } from './ownership.ts';
import { nameOf, servedUnder, type ObjectKey } from './resource.ts';
import type { IndexFn, Indexes } from './store.ts';
import type { Transport } from './transport.ts';

/** Read access to local copies. Only what the controller declared can be read: everything else would silently be empty. */
export interface Reader {
  get<T extends K8sObject>(resource: Resource<T>, key: ObjectKey): T | undefined;
  list<T extends K8sObject>(resource: Resource<T>): readonly T[];
  /** The children of this resource that carry the owner's label. */
  ownedBy<T extends K8sObject>(resource: Resource<T>, owner: K8sObject): readonly T[];
}

/** One informer per resource and selection, shared by all controllers that ask for it. */
export interface Caches {
  informer(resource: Resource, selection?: Selection): Informer;
  /** Runs every informer until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves once every informer holds its first whole copy. */
  readonly synced: Promise<void>;
  /** The informers that still wait for their first copy, by name. */
  unsynced(): readonly string[];
}

/** The index of children by the uid of their owner. */
export const BY_OWNER = 'owner';
/** The index of everything by its own uid. */
export const BY_UID = 'uid';
const byOwner: IndexFn<K8sObject> = ({ metadata: { labels } }) =>
  labels?.[OWNER_UID_LABEL] === undefined ? [] : [labels[OWNER_UID_LABEL]];
const INDEXES: Indexes<K8sObject> = { [BY_OWNER]: byOwner, [BY_UID]: ({ metadata: { uid } }) => [uid] };

/** What caches are filled through. */
export interface CachesOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** An empty set of informers over one API server. */
export function createCaches({ metrics, ...options }: CachesOptions): Caches {
  const informers = new Map<string, Informer>();
  metrics.beforeScrape.add(() => measure(metrics, [...informers.values()]));
  return {
    informer(resource, selection = {}) {
      const { namespace = '', labels = '', fields = '', metadataOnly = false } = selection;
      const id = [nameOf(resource), resource.version, namespace, labels, fields, metadataOnly].join('|');
      const onRestart = (reason: string) => metrics.watchRestarts.inc({ resource: nameOf(resource), reason });
      const informer = informers.get(id) ?? createInformer({ ...options, resource, selection, indexes: INDEXES, onRestart });
      informers.set(id, informer);
      return informer;
    },
    async run(signal) {
      await Promise.all([...informers.values()].map((informer) => informer.run(signal)));
    },
    get synced() {
      return Promise.all([...informers.values()].map(({ synced }) => synced)).then(() => undefined);
    },
    unsynced: () => [...informers.values()].filter(({ hasSynced }) => !hasSynced).map(({ resource }) => nameOf(resource)),
  };
}

/** Says how much is held, and how far it has come. Copies of parts of one resource count together. */
function measure({ cacheObjects, storeVersion }: Metrics, informers: readonly Informer[]): void {
  for (const [name, parts] of Map.groupBy(informers, ({ resource }) => nameOf(resource))) {
    cacheObjects.set(
      { resource: name },
      parts.reduce((sum, { size }) => sum + size, 0),
    );
    for (const { resource, version } of parts) {
      const { group, version: of, plural } = resource;
      storeVersion.set({ name, group, version: of, resource: plural }, Number(version));
    }
  }
}

/** What one controller reads: an informer per resource, by the resource's name. */
export type Informers = ReadonlyMap<string, Informer>;

/** Reads from a controller's informers. */
export function createReader(informers: Informers): Reader {
  const informerOf = (resource: Resource): Informer => {
    const informer = informers.get(nameOf(resource));
    if (informer === undefined) throw new Error(`The controller reads ${nameOf(resource)} but neither owns nor watches it`);
    return informer;
  };
  return {
    get(resource, { namespace, name }) {
      const object = informerOf(resource).get(namespace === '' ? name : `${namespace}/${name}`);
      return object === undefined ? undefined : servedUnder(resource, object);
    },
    list: (resource) =>
      informerOf(resource)
        .list()
        .map((object) => servedUnder(resource, object)),
    ownedBy: (resource, owner) =>
      informerOf(resource)
        .find(BY_OWNER, owner.metadata.uid)
        .map((object) => servedUnder(resource, object)),
  };
}
