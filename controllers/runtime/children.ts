import type { ApplyConfig, K8sObject, Resource } from '../../api/meta/object.ts';
import type { Informers } from './caches.ts';
import { canonical, contains, digest, isSame } from './canonical.ts';
import type { Client } from './client.ts';
import { ApiError, TransientError, isConflict } from './errors.ts';
import type { Conditioned } from './conditions.ts';
import type { Gate } from './consistency.ts';
import type { Meter } from './meter.ts';
import { OWNER_ANNOTATION, owned, ownerUidOf, type Owner } from './ownership.ts';
import { keyOf, nameOf, servedUnder, targetOf } from './resource.ts';

/** What a step may do to the world, in the name of the object that is reconciled. Every child gets its owner's marks. */
export interface Writer extends Pick<Client, 'read' | 'list' | 'delete' | 'deleteAll' | 'inquire'> {
  /** Brings a child in line by server-side apply; does nothing when it is in line already. */
  apply<T extends K8sObject>(resource: Resource<T>, desired: ApplyConfig<T>): Promise<T>;
  /** Sets fields of an object that is not ours and stays so: no marks, and never creates. */
  amend<T extends K8sObject>(resource: Resource<T>, object: T, desired: ApplyConfig<T>): Promise<T>;
  /** Makes a child that must not exist yet: for what must never be adopted or overwritten. One that `outlives` its owner is not garbage-collected with it. */
  create<T extends K8sObject>(resource: Resource<T>, desired: ApplyConfig<T>, options?: { readonly outlives?: boolean }): Promise<T>;
}

/** Names the intent that a child was last brought in line with: without it, a field that is no longer wanted would stay. */
export const INTENT_ANNOTATION = 'keystone.io/applied-intent';

/** What applied to what, so that a second apply of the same can be spared although the server wrote some value differently. */
export type ApplyMemory = Map<string, string>;

interface Context {
  readonly client: Client;
  readonly owner: Owner;
  readonly gate: Gate;
  readonly memory: ApplyMemory;
  readonly informers: Informers;
  readonly meter: Pick<Meter, 'applied' | 'repaired'>;
}

/** A writer in the name of one owner, for one pass. */
export function createWriter(context: Context): Writer {
  const { client, owner, memory } = context;
  const note = <T extends K8sObject>(resource: Resource<T>, written: T): T => noted(context, resource, written);
  let confirmed: Promise<void> | undefined;
  /**
   * Before anything is made, changed or taken away, the owner must be what the pass decided on: not in the cache, which may show an
   * old world after a restart, but in fact. Its finalizer then keeps it there until our own ending has run.
   */
  const confirmOwner = (): Promise<void> =>
    (confirmed ??= owner.gone === true ? expectGone(client, owner) : expectUnchanged(client, owner));
  return {
    read: (resource, key) => client.read(resource, key),
    list: (resource, part) => client.list(resource, part),
    inquire: (path) => client.inquire(path),
    async create(resource, desired, options) {
      await confirmOwner();
      return note(resource, await client.create(resource, owned(owner, desired, options)));
    },
    async apply<T extends K8sObject>(resource: Resource<T>, desired: ApplyConfig<T>): Promise<T> {
      const child = { resource, intent: withIntent(owned(owner, desired)), memoryKey: `${nameOf(resource)} ${keyOf(desired)}` };
      const held = context.informers.get(nameOf(resource))?.get(keyOf(desired));
      const made = held === undefined ? await makeIfNew({ ...context, confirmOwner }, child) : undefined;
      return made ?? bringInLine({ ...context, confirmOwner }, child, held ?? (await client.read(resource, targetOf(desired))));
    },
    async amend(resource, object, desired) {
      if (contains(object, desired)) return object;
      await confirmOwner();
      return note(resource, await client.apply(resource, desired, object.metadata.uid));
    },
    async delete(resource, object) {
      await confirmOwner();
      memory.delete(`${nameOf(resource)} ${keyOf(object)}`);
      await client.delete(resource, object);
      context.gate.deleted(owner.key ?? keyOf(owner), resource, object);
    },
    deleteAll: (resource, namespace) => confirmOwner().then(() => client.deleteAll(resource, namespace)),
  };
}

interface Confirming extends Context {
  readonly confirmOwner: () => Promise<void>;
}

/** A child that should be, and what its last apply is remembered under. */
interface Child<T extends K8sObject> {
  readonly resource: Resource<T>;
  readonly intent: ApplyConfig<T>;
  readonly memoryKey: string;
}

function noted<T extends K8sObject>({ gate, owner }: Context, resource: Resource<T>, written: T): T {
  gate.wrote(owner.key ?? keyOf(owner), resource, written);
  return written;
}

/** What the cache does not hold is new as a rule, and made in one call; it may be a stranger's, whom our label does not bring into the cache. */
async function makeIfNew<T extends K8sObject>(context: Confirming, { resource, intent, memoryKey }: Child<T>): Promise<T | undefined> {
  const { client, memory, meter, informers, confirmOwner } = context;
  await confirmOwner();
  // Of what is not watched, every pass would try to make it.
  if (!informers.has(nameOf(resource))) return undefined;
  try {
    const made = await client.applyNew(resource, intent);
    meter.applied('changed');
    if (memory.has(memoryKey)) meter.repaired(resource.kind);
    memory.set(memoryKey, memoryOf(made, intent));
    return noted(context, resource, made);
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

async function bringInLine<T extends K8sObject>(
  context: Confirming,
  { resource, intent, memoryKey }: Child<T>,
  live: K8sObject | undefined,
): Promise<T> {
  const { client, owner, memory, meter, confirmOwner } = context;
  if (live !== undefined) expectOwn(owner, resource, live);
  if (live !== undefined && (isInLine(resource, live, intent) || memory.get(memoryKey) === memoryOf(live, intent))) {
    meter.applied('skipped');
    return servedUnder(resource, live);
  }
  if (live === undefined ? memory.has(memoryKey) : hasIntent(live, intent)) meter.repaired(resource.kind);
  await confirmOwner();
  const written = await counted(meter, client.apply(resource, intent, live?.metadata.uid), live);
  memory.set(memoryKey, memoryOf(written, intent));
  return noted(context, resource, written);
}

async function counted<T extends K8sObject>(meter: Pick<Meter, 'applied'>, write: Promise<T>, before: K8sObject | undefined): Promise<T> {
  try {
    const written = await write;
    meter.applied(written.metadata.resourceVersion === before?.metadata.resourceVersion ? 'noop' : 'changed');
    return written;
  } catch (error) {
    if (isConflict(error)) meter.applied('conflict');
    throw error;
  }
}

/** Nothing is adopted: not a stranger's object, and not another owner's child that happens to have the name. */
function expectOwn(owner: Owner, resource: Resource, live: K8sObject): void {
  if (ownerUidOf(live) === owner.metadata.uid) return expectAlive(resource, live);
  const whose = live.metadata.annotations?.[OWNER_ANNOTATION] ?? 'nobody that this operator knows';
  // The stranger's going is in no cache of ours, so no watch would wake us: look again now and then.
  throw new TransientError(
    'NameTaken',
    `${resource.kind} ${keyOf(live)} is there already and belongs to ${whose}: delete or rename one of the two`,
  );
}

/** What is on its way out is not kept by changing it: it is made again once it is gone. */
function expectAlive(resource: Resource, { metadata }: K8sObject): void {
  if (metadata.deletionTimestamp === undefined) return;
  const { finalizers = [] } = metadata;
  const held = finalizers.length === 0 ? '' : `, and ${finalizers.join(', ')} must let it go first`;
  throw new TransientError(
    'ChildTerminating',
    `${resource.kind} ${metadata.name} is being deleted${held}; it is made again once it is gone`,
  );
}

async function expectUnchanged(client: Client, owner: Owner): Promise<void> {
  const there = await client.read<Conditioned>(owner.resource, targetOf(owner));
  if (there !== undefined && decidedOn(there) === decidedOn(owner)) return;
  // A conflict like any other: look again when the cache has caught up.
  throw new ApiError(409, 'OwnerChanged', `${owner.resource.kind} ${keyOf(owner)} was changed, deleted or made anew meanwhile`);
}

/** Nothing is cleared away behind an owner that is there after all. */
async function expectGone(client: Client, owner: Owner): Promise<void> {
  const there = await client.read(owner.resource, targetOf(owner));
  if (there?.metadata.uid !== owner.metadata.uid) return;
  throw new ApiError(409, 'OwnerChanged', `${owner.resource.kind} ${keyOf(owner)} is there, although the cache does not show it`);
}

/** What decisions are made on; a label that somebody sets meanwhile is none of it. */
const decidedOn = ({ metadata: { uid, generation, deletionTimestamp }, status }: Pick<Owner, 'metadata' | 'status'>): string =>
  canonical({ uid, generation, deletionTimestamp, status });

type Intent = {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: Readonly<Record<string, string>> };
};

function withIntent<T extends K8sObject>(desired: ApplyConfig<T>): ApplyConfig<T> {
  const annotations = { ...desired.metadata.annotations, [INTENT_ANNOTATION]: digest(desired) };
  return { ...desired, metadata: { ...desired.metadata, annotations } };
}

/** In line: made from this very intent, and nobody changed since what it asks for, nor what it leaves out where that says something. */
const isInLine = ({ exact }: Resource, live: K8sObject & WithSpec, intent: Intent & WithSpec): boolean =>
  live.metadata.deletionTimestamp === undefined && contains(live, intent) && (exact !== true || isSame(live.spec, intent.spec));

type WithSpec = { readonly spec?: unknown };

/** Made from this very intent: if it is not in line all the same, somebody else has changed it. */
const hasIntent = (live: K8sObject, intent: Intent): boolean =>
  live.metadata.annotations?.[INTENT_ANNOTATION] === intent.metadata.annotations?.[INTENT_ANNOTATION];

const memoryOf = (live: K8sObject, intent: Intent): string =>
  `${live.metadata.uid} ${live.metadata.resourceVersion} ${intent.metadata.annotations?.[INTENT_ANNOTATION] ?? ''}`;
