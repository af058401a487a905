import type { K8sObject, Resource } from '../../api/meta/object.ts';
import type { Clock } from './clock.ts';
import { deepFreeze } from './freeze.ts';
import { describe } from './errors.ts';
import type { Logger } from './log.ts';
import { reflect, type Mirror } from './reflector.ts';
import { collectionPath, servedUnder } from './resource.ts';
import { compareVersions, createStore, type Change, type Indexes, type Store } from './store.ts';
import type { Transport } from './transport.ts';
import { giveTurn } from './turns.ts';
import type { ObjectEvent } from './watch-stream.ts';

/** Which part of a resource is kept. Everything that is set narrows it at the API server. */
export interface Selection {
  readonly namespace?: string;
  readonly labels?: string;
  readonly fields?: string;
  /** Keeps names, labels and owners only: for kinds whose bodies are large and never read. */
  readonly metadataOnly?: boolean;
}

/** `initial` changes come from reading the whole collection: they may wait behind what happens live. */
export type ChangeHandler<T extends K8sObject> = (change: Change<T>, initial: boolean) => void;

/** A local copy of a part of one resource, and the news of it. */
export interface Informer<T extends K8sObject = K8sObject> extends Pick<Store<T>, 'get' | 'list' | 'find' | 'size'> {
  readonly resource: Resource<T>;
  /** Resolves once the first whole copy is there. */
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  subscribe(handler: ChangeHandler<T>): void;
  /** Calls back, at once or later, when this holds of the copy. */
  when(holds: () => boolean, callback: () => void): void;
  hasSeen(resourceVersion: string): boolean;
  /** The version that the copy is of; empty before the first. */
  readonly version: string;
  /** How often the versions began anew, as after an etcd was restored: what was waited for before will not come. */
  readonly rewinds: number;
  run(signal: AbortSignal): Promise<void>;
}

/** What an informer copies, and from where. */
export interface InformerOptions<T extends K8sObject> {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resource: Resource<T>;
  readonly selection?: Selection;
  readonly indexes?: Indexes<T>;
  readonly onRestart?: (reason: string) => void;
}

/** A watch tells objects, a list is a list: each refuses the other's form. */
const METADATA_ONLY = {
  accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  acceptList: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
};

/** A copy that is empty until it runs. */
export const createInformer = <T extends K8sObject>(options: InformerOptions<T>): Informer<T> => new CachedCollection(options);

class CachedCollection<T extends K8sObject> implements Informer<T>, Mirror {
  readonly resource: Resource<T>;
  readonly #options: InformerOptions<T>;
  readonly #store: Store<T>;
  readonly #handlers: ChangeHandler<T>[] = [];
  readonly #synced = Promise.withResolvers<void>();
  readonly #waiting = new Set<{ readonly holds: () => boolean; readonly callback: () => void }>();
  #seen = '';
  #rewinds = 0;

  constructor(options: InformerOptions<T>) {
    this.resource = options.resource;
    this.#options = options;
    this.#store = createStore<T>(options.indexes ?? {});
  }

  get synced(): Promise<void> {
    return this.#synced.promise;
  }
  get hasSynced(): boolean {
    return this.#seen !== '';
  }
  get version(): string {
    return this.#seen;
  }
  get size(): number {
    return this.#store.size;
  }
  get rewinds(): number {
    return this.#rewinds;
  }
  get(key: string): T | undefined {
    return this.#store.get(key);
  }
  list(): readonly T[] {
    return this.#store.list();
  }
  find(index: string, value: string): readonly T[] {
    return this.#store.find(index, value);
  }
  subscribe(handler: ChangeHandler<T>): void {
    this.#handlers.push(handler);
  }
  hasSeen(version: string): boolean {
    return this.#seen !== '' && compareVersions(this.#seen, version) >= 0;
  }
  when(holds: () => boolean, callback: () => void): void {
    if (holds()) callback();
    else this.#waiting.add({ holds, callback });
  }

  run(signal: AbortSignal): Promise<void> {
    const { resource, selection = {} } = this.#options;
    const collection = {
      path: collectionPath(resource, selection.namespace),
      query: { labelSelector: selection.labels, fieldSelector: selection.fields },
      ...(selection.metadataOnly === true ? METADATA_ONLY : {}),
    };
    return reflect({ ...this.#options, mirror: this, trim, collection }, signal);
  }

  async replace(objects: readonly K8sObject[], version: string): Promise<void> {
    for (const change of this.#store.replace(objects.map((object) => servedUnder(this.resource, object)))) {
      this.#tell([change], true);
      await giveTurn();
    }
    // A restored etcd starts over with lower versions: what the collection says now is what counts, and nobody waits for what was.
    if (this.#seen !== '' && compareVersions(version, this.#seen) < 0) {
      this.#rewinds += 1;
      for (const { callback } of this.#waiting) callback();
      this.#waiting.clear();
    }
    this.#seen = version;
    this.advance(version);
    this.#synced.resolve();
  }

  apply({ type, object }: ObjectEvent): void {
    const known = servedUnder(this.resource, object);
    this.#tell(type === 'DELETED' ? this.#store.remove(known) : this.#store.put(known), false);
    this.advance(object.metadata.resourceVersion);
  }

  advance(version: string): void {
    if (!this.hasSeen(version)) this.#seen = version;
    // A callback may wait anew: only those who waited before are looked at.
    for (const entry of Array.from(this.#waiting)) {
      if (!entry.holds()) continue;
      this.#waiting.delete(entry);
      entry.callback();
    }
  }

  #tell(changes: readonly Change<T>[], initial: boolean): void {
    for (const change of changes) for (const handler of this.#handlers) this.#call(handler, change, initial);
  }

  /** One listener's mistake must not cost the others their news, nor the watch its life. */
  #call(handler: ChangeHandler<T>, change: Change<T>, initial: boolean): void {
    try {
      handler(change, initial);
    } catch (error) {
      this.#options.log.error('A change handler threw', { resource: this.resource.plural, cause: describe(error) });
    }
  }
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Drops what nobody reads and what often is the larger half of an object, and makes the rest read-only. */
function trim(object: K8sObject): K8sObject {
  const { managedFields: _, annotations, ...metadata }: K8sObject['metadata'] & { readonly managedFields?: unknown } = object.metadata;
  const { [LAST_APPLIED]: __, ...kept } = annotations ?? {};
  return deepFreeze({ ...object, metadata: { ...metadata, ...(annotations === undefined ? {} : { annotations: kept }) } });
}
