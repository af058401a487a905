import type { ApplyConfig, K8sObject, Resource } from '../../api/meta/object.ts';
import { ApiError, TransientError, describe, isConflict, isNotFound } from './errors.ts';
import type { Selection } from './informer.ts';
import { listPages } from './list.ts';
import { apiVersionOf, collectionPath, isObject, objectPath, servedUnder, targetOf, type ObjectKey } from './resource.ts';
import type { ApiRequest, Transport } from './transport.ts';

/** The verbs of the API server, as one field manager uses them. */
export interface Client {
  /** A read past every cache: for the few moments when a cache may not be trusted, each with its reason. */
  read<T extends K8sObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined>;
  /** The same of a whole collection, or of a part of it, as of now. */
  list<T extends K8sObject>(resource: Resource<T>, part?: Pick<Selection, 'namespace' | 'labels'>): Promise<readonly T[]>;
  /** Makes a new object; throws AlreadyExists rather than touch a stranger's. */
  create<T extends K8sObject>(resource: Resource<T>, desired: ApplyConfig<T>): Promise<T>;
  /** Server-side apply: creates, or brings our fields in line and leaves the others' alone. With a uid, never creates: a conflict if that very object is gone. */
  apply<T extends K8sObject>(resource: Resource<T>, desired: ApplyConfig<T>, uid?: string): Promise<T>;
  /** The same for what must not be there yet: a conflict if anything is. */
  applyNew<T extends K8sObject>(resource: Resource<T>, desired: ApplyConfig<T>): Promise<T>;
  /**
   * The same for the status, if the object is still the one that was read. By its version: the API server does not look at
   * the uid when it applies a status, so that one made anew under the name would get what was meant for another.
   */
  applyStatus<T extends K8sObject>(resource: Resource<T>, object: T, status: object): Promise<T>;
  /** Sets the finalizers if the object is still the one that was read. */
  setFinalizers<T extends K8sObject>(resource: Resource<T>, object: T, finalizers: readonly string[]): Promise<T>;
  /** Puts an object in the place of the one that was read; a conflict if that changed meanwhile. */
  replace<T extends K8sObject>(resource: Resource<T>, object: T): Promise<T>;
  /** Deletes exactly this object: gone already, or another under its name by now, is as good. */
  delete<T extends K8sObject>(resource: Resource<T>, object: T): Promise<void>;
  /** Deletes all objects of a kind in a namespace. */
  deleteAll(resource: Resource, namespace: string): Promise<void>;
  /** What the API server says of itself under a path that is no resource. */
  inquire(path: '/version'): Promise<unknown>;
}

/** Who writes: one stable field manager per controller, never per process, or its fields would be orphaned. */
export interface ClientIdentity {
  readonly fieldManager: string;
  readonly userAgent: string;
}

/** The verbs over a transport. */
export const createClient = (transport: Transport, identity: ClientIdentity, signal?: AbortSignal): Client =>
  new ApiClient(transport, identity, signal);

class ApiClient implements Client {
  readonly #transport: Transport;
  readonly #userAgent: string;
  readonly #fieldManager: string;
  readonly #signal: AbortSignal | undefined;

  constructor(transport: Transport, { userAgent, fieldManager }: ClientIdentity, signal: AbortSignal | undefined) {
    this.#transport = transport;
    this.#userAgent = userAgent;
    this.#fieldManager = fieldManager;
    this.#signal = signal;
  }

  async read<T extends K8sObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined> {
    try {
      return await this.#callFor(resource, { method: 'GET', path: objectPath(resource, key) });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends K8sObject>(resource: Resource<T>, part: Pick<Selection, 'namespace' | 'labels'> = {}): Promise<readonly T[]> {
    const path = collectionPath(resource, part.namespace);
    const collection = { path, query: { labelSelector: part.labels }, userAgent: this.#userAgent };
    const { objects } = await listPages(this.#transport, collection, (object) => object, this.#signal);
    return objects.map((object) => servedUnder(resource, object));
  }

  create<T extends K8sObject>(resource: Resource<T>, desired: ApplyConfig<T>): Promise<T> {
    const path = collectionPath(resource, desired.metadata.namespace);
    return this.#callFor(resource, { method: 'POST', path, query: this.#written(), body: typed(resource, desired) });
  }

  apply<T extends K8sObject>(resource: Resource<T>, desired: ApplyConfig<T>, uid?: string): Promise<T> {
    const query = { ...this.#written(), force: true };
    const body = typed(resource, uid === undefined ? desired : { ...desired, metadata: { ...desired.metadata, uid } });
    return this.#callFor(resource, { ...APPLY, path: objectPath(resource, targetOf(desired)), query, body });
  }

  applyNew<T extends K8sObject>(resource: Resource<T>, desired: ApplyConfig<T>): Promise<T> {
    const query = { ...this.#written(), force: true };
    const body = typed(resource, { ...desired, metadata: { ...desired.metadata, resourceVersion: NEVER_SERVED } });
    return this.#callFor(resource, { ...APPLY, path: objectPath(resource, targetOf(desired)), query, body });
  }

  applyStatus<T extends K8sObject>(resource: Resource<T>, object: T, status: object): Promise<T> {
    const { name, namespace, resourceVersion } = object.metadata;
    const query = { ...this.#written(), force: true };
    const body = typed(resource, { metadata: { name, ...(namespace === undefined ? {} : { namespace }), resourceVersion }, status });
    return this.#callFor(resource, { ...APPLY, path: objectPath(resource, targetOf(object), 'status'), query, body });
  }

  setFinalizers<T extends K8sObject>(resource: Resource<T>, object: T, finalizers: readonly string[]): Promise<T> {
    const { uid, resourceVersion } = object.metadata;
    const query = { fieldManager: this.#fieldManager };
    return this.#callFor(resource, {
      ...MERGE,
      path: objectPath(resource, targetOf(object)),
      query,
      body: { metadata: { uid, resourceVersion, finalizers } },
    });
  }

  replace<T extends K8sObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.#callFor(resource, {
      method: 'PUT',
      path: objectPath(resource, targetOf(object)),
      query: this.#written(),
      body: typed(resource, object),
    });
  }

  async delete<T extends K8sObject>(resource: Resource<T>, object: T): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', preconditions: { uid: object.metadata.uid } };
    try {
      await this.#call({ method: 'DELETE', path: objectPath(resource, targetOf(object)), body });
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
      // Somebody's webhook, say: no race that looking again would settle.
      if (await this.#isStanding(resource, object)) throw new TransientError('ReconcileError', describe(error), { cause: error });
    }
  }

  /** Whether it is there as it was: then the conflict was not about another of its name, nor about one that is going already. */
  async #isStanding<T extends K8sObject>(resource: Resource<T>, object: T): Promise<boolean> {
    const there = await this.read(resource, targetOf(object));
    return there?.metadata.uid === object.metadata.uid && there.metadata.deletionTimestamp === undefined;
  }

  async deleteAll(resource: Resource, namespace: string): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
    await this.#call({ method: 'DELETE', path: collectionPath(resource, namespace), body });
  }

  inquire(path: '/version'): Promise<unknown> {
    return this.#call({ method: 'GET', path });
  }

  /** A field that the schema does not know is a slip of ours: refused, not dropped in silence. */
  #written(): { readonly fieldManager: string; readonly fieldValidation: 'Strict' } {
    return { fieldManager: this.#fieldManager, fieldValidation: 'Strict' };
  }

  #call(request: ApiRequest): Promise<unknown> {
    return this.#transport.request({ ...request, userAgent: this.#userAgent }, this.#signal);
  }

  async #callFor<T extends K8sObject>(resource: Resource<T>, request: ApiRequest): Promise<T> {
    const answer = await this.#call(request);
    if (isObject(answer)) return servedUnder(resource, answer);
    throw new ApiError(0, 'NoObject', 'The API server answered with something that is no object');
  }
}

/** etcd begins with it before anything is in it: an apply that expects it fits no object, and creates where there is none (tried on 1.35). */
const NEVER_SERVED = '1';
const APPLY = { method: 'PATCH', contentType: 'application/apply-patch+yaml' } as const;
const MERGE = { method: 'PATCH', contentType: 'application/merge-patch+json' } as const;

const typed = (resource: Resource, object: object): object => ({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...object });
