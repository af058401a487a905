import { DEFAULT_HARD, DEVICE_CLASS_SUFFIX, UNNAMED } from '../../api/keystone/v1alpha1/grant.keys.ts';
import { byKey } from '../runtime/canonical.ts';
import { formatQuantity, greaterOf, parseQuantity, styleOf, type Quantity } from '../runtime/quantity.ts';

/** Limits by key, in the API server's own form. */
export type Hard = Readonly<Record<string, string>>;

/** What is none unless it is named: to a ResourceQuota an absent key is unlimited, to a Grant it is nothing. */
const NOTHING: Hard = {
  'requests.cpu': '0',
  'requests.memory': '0',
  'requests.storage': '0',
  'limits.cpu': '0',
  'limits.memory': '0',
  'requests.nvidia.com/gpu': '0',
  'requests.amd.com/gpu': '0',
};

/** Ours alone: no ResourceQuota knows them. */
const BANDWIDTH = 'keystone.io/';

/** The limits that are in force: what is given, what follows from it, and nothing else. */
export function effectiveHard(given: Readonly<Record<string, string | number>> | undefined): Hard {
  const named = canonicalHard(given ?? DEFAULT_HARD);
  return sorted({ ...NOTHING, ...UNNAMED, ...named, ...limitsThatFollow(named), ...storageThatFollows(named), ...capsThatFollow(named) });
}

/** A limit that is not named is as large as its request. */
function limitsThatFollow(named: Hard): Hard {
  const follow: Record<string, string> = {};
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const request = named[`requests.${name}`];
    if (request !== undefined && named[`limits.${name}`] === undefined) follow[`limits.${name}`] = request;
  }
  return follow;
}

/** Who lends storage by class lends as much in all, unless he says less. */
function storageThatFollows(named: Hard): Hard {
  const classes = Object.entries(named).filter(([key]) => CLASS.exec(key)?.[2] === 'requests.storage');
  if (classes.length === 0 || named['requests.storage'] !== undefined) return {};
  const sum = classes.reduce((all, [, amount]) => all + (parseQuantity(amount) ?? 0n), 0n);
  return { 'requests.storage': amountOf('requests.storage', sum) };
}

/** Most balancers have one or two ports; a web server has four. */
const PORTS_OF_A_BALANCER = 5n;
/** What would keep back what was lent by name: ended Pods count as well, and a load balancer takes a port of each node for each of its own. */
function capsThatFollow(named: Hard): Hard {
  const follow: Record<string, string> = {};
  const { pods, 'services.loadbalancers': balancers } = named;
  if (pods !== undefined && named['count/pods'] === undefined) follow['count/pods'] = greaterOf(UNNAMED['count/pods'], times(2n, pods));
  if (balancers !== undefined && named['services.nodeports'] === undefined)
    follow['services.nodeports'] = times(PORTS_OF_A_BALANCER, balancers);
  return follow;
}
const times = (n: bigint, count: string): string => amountOf('pods', n * (parseQuantity(count) ?? 0n));

/** What the ResourceQuota holds: all but what only our gateway can limit. */
export const quotaHard = (hard: Hard): Hard => Object.fromEntries(Object.entries(hard).filter(([key]) => !key.startsWith(BANDWIDTH)));

/** Whether a limit was asked for that nothing enforces yet. */
export const wantsBandwidth = (hard: Hard): boolean => Object.keys(hard).some((key) => key.startsWith(BANDWIDTH));

/** While cordoned: what runs goes on, nothing new begins. */
export const cordonedHard = (hard: Hard): Hard => ({ ...hard, pods: '0', persistentvolumeclaims: '0', services: '0' });

/** The names of resources that containers may ask for, and the keys of the device classes that claims may. */
export function allowedResources(hard: Hard): readonly string[] {
  const lent = Object.entries(hard).filter(([key, amount]) => isSome(amount) && key !== 'requests.storage');
  const names = lent.flatMap(([key]) =>
    key.endsWith(DEVICE_CLASS_SUFFIX) ? [key] : (/^(?:requests|limits)\.(.+)$/.exec(key)?.slice(1) ?? []),
  );
  return [...new Set(names)].toSorted();
}

/**
 * What is named no more is none for as long as it is used or let in: to a quota what is absent is unlimited, and nobody would know
 * of it. A storage class may be lent without being named.
 */
export function withFormer(hard: Hard, { enforced, used }: { readonly enforced: Hard; readonly used: Hard }): Hard {
  const isFormer = (key: string): boolean => hard[key] === undefined && !CLASS.test(key) && (isSome(used[key]) || isSome(enforced[key]));
  const former = Object.keys({ ...enforced, ...used }).filter(isFormer);
  return former.length === 0 ? hard : sorted({ ...hard, ...Object.fromEntries(former.map((key) => [key, '0'])) });
}

const CLASS = /^(.+)\.storageclass\.storage\.k8s\.io\/(requests\.storage|persistentvolumeclaims)$/;

/** The storage classes that claims may name: those that were named, else the cluster's default one if storage was lent at all. */
export function allowedStorageClasses(hard: Hard, defaultClass: string | undefined): readonly string[] {
  const named = Object.entries(hard).flatMap(([key, amount]) => {
    const name = CLASS.exec(key)?.[1];
    return name === undefined ? [] : [{ name, lent: isSome(amount) }];
  });
  if (named.length > 0) return [...new Set(named.filter(({ lent }) => lent).map(({ name }) => name))].toSorted();
  return defaultClass !== undefined && isSome(hard['requests.storage']) ? [defaultClass] : [];
}

/** The part of the limits that the API server enforces already: before that, nothing is opened that they would limit. */
export const inForceOf = (hard: Hard, enforced: Hard): Hard =>
  Object.fromEntries(Object.entries(hard).filter(([key]) => enforced[key] !== undefined));

/** Whether a Pod is counted in everything that it needs. */
export const countsPods = (enforced: Hard): boolean => NEEDED.every((key) => enforced[key] !== undefined);

/** Amounts in a sentence. */
export const listed = (amounts: Hard): string =>
  Object.entries(amounts)
    .map(([name, amount]) => `${amount} ${name}`)
    .join(', ');

/** Whether any storage is lent. */
export const lendsStorage = (hard: Hard): boolean => isSome(hard['requests.storage']);

const isSome = (amount: string | undefined): boolean => (parseQuantity(amount ?? '0') ?? 0n) > 0n;

/** What is left of each limit; what is used beyond it counts as nothing left. */
export function freeOf(hard: Hard, used: Hard): Hard {
  const free: Record<string, string> = {};
  for (const [key, limit] of Object.entries(hard)) {
    const left = (parseQuantity(limit) ?? 0n) - (parseQuantity(used[key] ?? '0') ?? 0n);
    free[key] = amountOf(key, left > 0n ? left : 0n);
  }
  return free;
}

/** Kubernetes itself puts one of each into every namespace. */
const ALWAYS_THERE = new Set(['configmaps', 'count/configmaps', 'count/serviceaccounts']);

/** The keys of which more is used than lent: after a shrink. */
export const overused = (hard: Hard, used: Hard): readonly string[] =>
  Object.keys(hard).filter((key) => {
    const amount = parseQuantity(used[key] ?? '0') ?? 0n;
    return amount > (parseQuantity(hard[key] ?? '0') ?? 0n) && !(ALWAYS_THERE.has(key) && used[key] === '1');
  });

/** What every Pod needs some of. */
const COMPUTED = ['cpu', 'memory', 'ephemeral-storage'];
const NEEDED = ['pods', 'count/pods', ...COMPUTED.map((name) => `requests.${name}`), ...COMPUTED.map((name) => `limits.${name}`)];

/** Whether no Pod can start once there is nothing left of it. */
export const isNeeded = (key: string): boolean => NEEDED.includes(key);

/** What every Pod needs and there is none of: then not one can start. */
export const lacked = (hard: Hard): readonly string[] => NEEDED.filter((key) => !isSome(hard[key]));

const amountOf = (key: string, amount: Quantity): string => formatQuantity(amount, styleOf(key));
const sorted = (hard: Hard): Hard => Object.fromEntries(Object.entries(hard).toSorted(byKey));

/** Amounts as the API server would write them, so that what is wanted and what is served can be compared as text. */
const canonicalHard = (given: Readonly<Record<string, string | number>>): Hard =>
  Object.fromEntries(Object.entries(given).map(([key, amount]) => [key, amountOf(key, parseQuantity(amount) ?? 0n)]));
