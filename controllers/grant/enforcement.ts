import { LimitRange, Namespace, NetworkPolicy, ResourceQuota, StorageClass } from '../../api/meta/builtin.ts';
import type { ApplyConfig } from '../../api/meta/object.ts';
import { SLICE_LABEL } from '../../api/keystone/v1alpha1/grant.policies.ts';
import type { Grant, GrantReason } from '../../api/keystone/v1alpha1/grant.ts';
import { TransientError, done, isAlreadyExists, waitFor, type Reader, type Scope, type Step } from '../runtime/index.ts';
import { parseQuantity } from '../runtime/quantity.ts';
import { withEnforced } from './capacity.ts';
import { blockerOf } from './ending.ts';
import type { Facts } from './facts.ts';
import { allowedStorageClasses, countsPods, inForceOf, type Hard } from './hard.ts';
import { OURS, renderLimitRange, renderNamespace, renderNetworkPolicies, renderQuota } from './render.ts';

type GrantStep = Step<Grant, Facts>;

/** The slice as the steps before have left it. */
function sliceOf({ facts }: Scope<Grant, Facts>): { readonly namespace: string; readonly hard: Hard } {
  const { namespace, hard } = facts;
  if (namespace === undefined || hard === undefined) throw new Error('No slice was promised');
  return { namespace, hard };
}

/** Makes the namespace, or keeps its labels right. One that somebody else made is never adopted. */
export const ensureNamespace: GrantStep = async (scope) => {
  const { object, cache, client, facts } = scope;
  const { namespace: name, hard } = sliceOf(scope);
  const defaultClass = defaultClassIn(cache);
  facts.storageClasses = allowedStorageClasses(hard, defaultClass);
  facts.inForce = countedIn(cache, name).hard;
  // In a slice that is used already, a resource is opened once the quota counts it: what no quota knows yet is not limited.
  const open = countsPods(facts.inForce) ? inForceOf(hard, facts.inForce) : hard;
  const desired = renderNamespace(object, name, { hard: open, storageClasses: allowedStorageClasses(open, defaultClass) });
  const live = cache.get(Namespace, { namespace: '', name });
  if (live?.metadata.deletionTimestamp !== undefined) {
    // Its volumes go with it: that they could not be kept is worse.
    if (facts.trouble !== undefined) throw facts.trouble;
    return waitFor(
      'NamespaceTerminating' satisfies GrantReason,
      `Somebody deleted the namespace ${name}; it is made again once it is gone, or revoke the Grant and give it again for another. ${capitalised(blockerOf(live))}`,
    );
  }
  if (live === undefined) await createOwn(scope, desired);
  await client.apply(Namespace, desired);
  facts.namespaceReady = true;
  return done;
};

/** What the API server makes of our quota in a namespace. */
interface Counted {
  /** What it holds the namespace to. */
  readonly hard: Hard;
  /** What it may hold it to: also what was asked for, which it may have taken up a moment ago. */
  readonly letIn: Hard;
  /** Undefined before its first count. */
  readonly used: Hard | undefined;
}

/** As the cache shows it. */
export function countedIn(cache: Reader, namespace: string): Counted {
  const { spec, status } = cache.get(ResourceQuota, { namespace, name: OURS }) ?? {};
  const hard = status?.hard ?? {};
  return { hard, used: status?.used, letIn: withEnforced(hard, spec?.hard ?? {}) };
}

const capitalised = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Also under the name that it had in beta: the API server knows both. */
const IS_DEFAULT = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
/** A class of volumes that somebody made by hand: those are the owner's, and nobody said that they are lent. */
const BY_HAND = 'kubernetes.io/no-provisioner';

/**
 * Whether claims of a class are counted for as long as they take room. Volumes of a class that retains them stay when a guest deletes
 * the claim, and its quota is free again: whoever lends that has to say so.
 */
const isCounted = ({ provisioner, reclaimPolicy }: StorageClass): boolean => provisioner !== BY_HAND && reclaimPolicy !== 'Retain';

/** The class that a claim gets that names none; of several the newest, as in the API server itself. */
const defaultClassIn = (cache: Reader): string | undefined =>
  cache
    .list(StorageClass)
    .filter(({ metadata }) => IS_DEFAULT.some((name) => metadata.annotations?.[name] === 'true'))
    .filter(isCounted)
    .toSorted(
      (a, b) =>
        Date.parse(b.metadata.creationTimestamp ?? '') - Date.parse(a.metadata.creationTimestamp ?? '') ||
        (a.metadata.name < b.metadata.name ? -1 : 1),
    )[0]?.metadata.name;

async function createOwn({ object, client }: Scope<Grant, Facts>, desired: ApplyConfig<Namespace>): Promise<void> {
  const { name } = desired.metadata;
  try {
    await client.create(Namespace, desired);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const there = await client.read(Namespace, { namespace: '', name });
    if (there?.metadata.labels?.[SLICE_LABEL] === object.metadata.uid) return;
    // Its going is in no cache of ours, so no watch would wake us: look again now and then.
    throw new TransientError(
      'NamespaceTaken' satisfies GrantReason,
      `There is a namespace ${name} that this Grant did not make: delete it, or create the Grant under another name`,
    );
  }
}

/** Limits what the slice may hold; the API server enforces it from then on, with or without us. */
export const limitResources: GrantStep = async (scope) => {
  const { namespace, hard } = sliceOf(scope);
  await scope.client.apply(LimitRange, renderLimitRange(namespace, hard));
  await scope.client.apply(ResourceQuota, renderQuota(scope.object, namespace, hard));
};

/** Closes the slice, but for what the Grant opens; a policy that is not wanted any more is taken away. */
export const isolateNetwork: GrantStep = async (scope) => {
  const { object, cache, client, facts } = scope;
  const { namespace } = sliceOf(scope);
  const wanted = renderNetworkPolicies(object, namespace);
  for (const policy of wanted) await client.apply(NetworkPolicy, policy);
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  // Our marks on a policy elsewhere were put there by somebody else, and nothing there is ours to delete.
  for (const policy of cache.ownedBy(NetworkPolicy, object))
    if (policy.metadata.namespace === namespace && !names.has(policy.metadata.name)) await client.delete(NetworkPolicy, policy);
  facts.networkIsolated = true;
};

/** A quota limits nothing until kube-controller-manager has repeated it in its status: before that, nobody is let in. */
export const confirmEnforced: GrantStep = async (scope) => {
  const { object, cache, facts } = scope;
  const { namespace, hard } = sliceOf(scope);
  const wanted = renderQuota(object, namespace, hard).spec?.hard ?? {};
  const inForce = facts.inForce ?? {};
  facts.limited = countsPods(inForce);
  // Where nothing was counted yet, that is not the same as nothing being used.
  facts.used = countedIn(cache, namespace).used;
  // Nor is anything on its way that was asked for before.
  facts.quotaEnforced =
    Object.entries(wanted).every(([key, amount]) => parseQuantity(inForce[key] ?? '') === parseQuantity(amount ?? '')) &&
    withEnforced(hard, facts.letIn ?? {}) === hard;
  if (!facts.quotaEnforced)
    return waitFor('QuotaPending' satisfies GrantReason, 'The quota is made and not in force yet', QUOTA_PATIENCE_MS);
  return done;
};

/** The watch wakes us; this is for the one that was missed. */
const QUOTA_PATIENCE_MS = 30_000;
