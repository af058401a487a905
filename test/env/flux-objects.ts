/** What Flux says about one of its objects. */
export interface FluxCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** What the tests read of Flux's own objects. */
export interface FluxObject {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly status?: {
    readonly lastHandledReconcileAt?: string;
    readonly observedGeneration?: number;
    readonly conditions?: readonly FluxCondition[];
    readonly inventory?: { readonly entries?: readonly InventoryEntry[] };
  };
}

/** One object that Flux remembers having applied, as `namespace_name_group_kind`, and its version. */
interface InventoryEntry {
  readonly id: string;
  readonly v: string;
}

/** An object that Flux applied, as it is now. */
export interface AppliedObject {
  /** `Kind/namespace/name`, as Flux's log has it. */
  readonly id: string;
  readonly resourceVersion: string;
}

/** What became of each object when a Kustomization was applied once. */
export interface ApplyOutcome {
  readonly kustomization: string;
  readonly objects: Readonly<Record<string, string>>;
}

/** The condition that tells how an object of Flux is. */
export const readyOf = ({ status }: FluxObject): FluxCondition | undefined => status?.conditions?.find(({ type }) => type === 'Ready');

/** Fails unless a request was handled to a good end; the message is what Flux says instead. */
export function mustBeHandled(object: FluxObject, request: string): void {
  const { metadata, status } = object;
  const ready = readyOf(object);
  const isHandled = status?.lastHandledReconcileAt === request && status.observedGeneration === metadata.generation;
  if (!isHandled || ready?.status !== 'True') throw new Error(`${metadata.name} says ${ready?.message ?? 'nothing'}`);
}

/** A list of what a Kustomization has applied, as `kubectl get --filename` takes it. */
export function inventoryOf({ status }: FluxObject): {
  readonly apiVersion: 'v1';
  readonly kind: 'List';
  readonly items: readonly object[];
} {
  return { apiVersion: 'v1', kind: 'List', items: (status?.inventory?.entries ?? []).map(stubOf) };
}

function stubOf({ id, v }: InventoryEntry): object {
  const [, namespace = '', name = '', group = '', kind = ''] = /^([^_]*)_(.*)_([^_]*)_([^_]*)$/.exec(id) ?? [];
  return {
    apiVersion: group === '' ? v : `${group}/${v}`,
    kind,
    // An id has no colons; names of roles may have some.
    metadata: { name: name.replaceAll('__', ':'), ...(namespace === '' ? {} : { namespace }) },
  };
}

interface Item {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string; readonly resourceVersion: string };
}

/** Reads what kubectl printed of them; it prints one object as itself, and none as nothing. */
export function appliedObjects(json: string): readonly AppliedObject[] {
  if (json.trim() === '') return [];
  const read = JSON.parse(json) as Item & { readonly items?: readonly Item[] };
  return (read.items ?? [read]).map(({ kind, metadata: { namespace, name, resourceVersion } }) => ({
    id: [kind, namespace, name].filter(Boolean).join('/'),
    resourceVersion,
  }));
}

/** Finds in kustomize-controller's log what became of each object since a moment; the API server cuts logs by whole seconds only. */
export function outcomesIn(log: string, since: Date): readonly ApplyOutcome[] {
  return log
    .split('\n')
    .filter((line) => line.includes('server-side apply'))
    .map((line) => JSON.parse(line) as { readonly ts: string; readonly name?: string; readonly output?: Readonly<Record<string, string>> })
    .filter(({ ts }) => Date.parse(ts) >= since.getTime())
    .flatMap(({ name, output }) => (name === undefined || output === undefined ? [] : [{ kustomization: name, objects: output }]));
}
