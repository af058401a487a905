import type { Validation } from '../../meta/json-schema.ts';
import { isAmount, rule } from '../../meta/schema.ts';

/** What a Grant without `hard` lends (T1). */
export const DEFAULT_HARD = {
  'requests.cpu': '1',
  'requests.memory': '1Gi',
  'limits.cpu': '2',
  'limits.memory': '2Gi',
  'requests.storage': '10Gi',
} as const;

/** What a slice computes with: all of it can be asked for by a pod. */
export const COMPUTE_KEYS = [
  'requests.cpu',
  'limits.cpu',
  'requests.memory',
  'limits.memory',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
] as const;

/** What a slice stores, over all storage classes. */
export const STORAGE_KEYS = ['requests.storage'] as const;

/** How many objects of a kind a slice may hold; they cost the grantor's etcd and controllers. */
export const OBJECT_KEYS = [
  'pods',
  'services',
  'services.loadbalancers',
  'services.nodeports',
  'configmaps',
  'secrets',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'count/pods',
  'count/serviceaccounts',
  'count/deployments.apps',
  'count/statefulsets.apps',
  'count/daemonsets.apps',
  'count/replicasets.apps',
  'count/jobs.batch',
  'count/cronjobs.batch',
  'count/horizontalpodautoscalers.autoscaling',
  'count/poddisruptionbudgets.policy',
  'count/leases.coordination.k8s.io',
  'count/resourceclaims.resource.k8s.io',
] as const;

/** Bits per second; no ResourceQuota knows them. */
export const BANDWIDTH_KEYS = ['keystone.io/egress-bandwidth', 'keystone.io/ingress-bandwidth'] as const;

/** The keys of `hard` that are known by name; the others are known by their form. */
export const QUOTA_KEYS = [...COMPUTE_KEYS, ...STORAGE_KEYS, ...OBJECT_KEYS, ...BANDWIDTH_KEYS] as const;

/** The parts that a storage class has in a quota: `<class>.storageclass.storage.k8s.io/requests.storage`. */
export const STORAGE_CLASS_SUFFIXES = [
  '.storageclass.storage.k8s.io/requests.storage',
  '.storageclass.storage.k8s.io/persistentvolumeclaims',
] as const;

/** The devices of a class: `<class>.deviceclass.resource.k8s.io/devices`. */
export const DEVICE_CLASS_SUFFIX = '.deviceclass.resource.k8s.io/devices';

/**
 * What a Grant lends of a key that it does not name, where that is not nothing at all: objects cost the grantor's etcd, so each kind
 * that a guest can make has a bound, generous for a slice and harmless for the cluster; and every container writes logs and
 * temporary files. The kinds that are 0 reach beyond the slice, or run on every node.
 */
export const UNNAMED = {
  pods: '100',
  services: '50',
  'services.loadbalancers': '0',
  'services.nodeports': '0',
  configmaps: '100',
  secrets: '100',
  persistentvolumeclaims: '50',
  replicationcontrollers: '20',
  'requests.ephemeral-storage': '2Gi',
  'limits.ephemeral-storage': '2Gi',
  'count/pods': '200',
  'count/serviceaccounts': '20',
  'count/controllerrevisions.apps': '200',
  'count/deployments.apps': '50',
  'count/statefulsets.apps': '20',
  'count/daemonsets.apps': '0',
  'count/replicasets.apps': '200',
  'count/jobs.batch': '100',
  'count/cronjobs.batch': '20',
  'count/horizontalpodautoscalers.autoscaling': '20',
  'count/poddisruptionbudgets.policy': '20',
  'count/ingresses.networking.k8s.io': '0',
  'count/leases.coordination.k8s.io': '20',
  'count/resourceclaims.resource.k8s.io': '20',
  'count/resourceclaimtemplates.resource.k8s.io': '20',
} as const;

/** More CPUs, pods or devices than any cluster has, and more bytes: beyond lie only mistakes. */
const MOST = { count: '1M', bytes: '1Ei' };

const BYTE_KEYS: readonly string[] = QUOTA_KEYS.filter((key) => /(?:memory|storage|bandwidth)$/.test(key));
const DIVISIBLE_KEYS: readonly string[] = ['requests.cpu', 'limits.cpu'];
/** What both requests and limits are counted of. */
const PAIRS = ['cpu', 'memory', 'ephemeral-storage'];

// From here on: CEL, over `hard` as `self` and one key of it as `k`.
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const VENDOR_RESOURCE = `${LABEL}([.]${LABEL})+/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?`;
const [CLASS_BYTES] = STORAGE_CLASS_SUFFIXES;
const CLASS_SUFFIX = [...STORAGE_CLASS_SUFFIXES, DEVICE_CLASS_SUFFIX].map((suffix) => suffix.replaceAll('.', '[.]')).join('|');
const CLASS_KEY = `${LABEL}([.]${LABEL})*(${CLASS_SUFFIX})`;

const listed = (keys: readonly string[]): string => `[${keys.map((key) => `'${key}'`).join(', ')}]`;
const isClass = `k.matches('^${CLASS_KEY}$')`;
const isExtended = `k.matches('^requests[.]${VENDOR_RESOURCE}$')`;
const isOurs = "k.startsWith('requests.keystone.io/') || k.contains('kubernetes.io/')";
/** What stands before the slash may not be longer, or the ResourceQuota is refused in which the key would stand. */
const LONGEST_PREFIX = 253;
const isKnown = `(k in ${listed(QUOTA_KEYS)} || (k.indexOf('/') <= ${LONGEST_PREFIX} && (${isClass} || (${isExtended} && !(${isOurs})))))`;
/** What people write instead of requests.cpu or requests.nvidia.com/gpu, since pods and nodes do so. */
const isMisnamed = `(k in ['cpu', 'memory', 'storage', 'ephemeral-storage', 'limits.storage'] || (!${isClass} && !k.startsWith('requests.') && !k.contains('keystone.io/') && !k.contains('k8s.io/') && !k.contains('kubernetes.io/') && k.matches('^(limits[.])?${VENDOR_RESOURCE}$')))`;

const isBytes = `(k in ${listed(BYTE_KEYS)} || k.endsWith('${CLASS_BYTES}'))`;
const mostOf = `(${isBytes} ? '${MOST.bytes}' : '${MOST.count}')`;
const amount = (key: string): string => `quantity(string(self[${key}]))`;
/** An amount that is none, or of a key that nobody knows, has its own sentence and is judged no further. */
const isGiven = isAmount('self[k]');
const notNegative = (key: string): string => `${amount(key)}.compareTo(quantity('0')) >= 0`;
const withinMost = `${amount('k')}.compareTo(quantity(${mostOf})) <= 0`;

/**
 * CEL has no remainder of quantities, so the nearest whole number is found as a float and compared exactly. The 1 is for its decimal
 * format: of binary ones with a fraction the API server's float is wrong by powers of ten.
 */
const isWholeNumber = (of: string): string =>
  `quantity('0').add(int(quantity('1').add(${of}).asApproximateFloat() - 0.5)).compareTo(${of}) == 0`;
/** Neither has it a product of them. The 0 takes the sum: some quantities change themselves when something is added to them. */
const TENFOLD = `map(q, quantity('0')${'.add(q)'.repeat(10)})`;
/** To the API server nothing is finer than a thousandth: it would round up, and never serve what we had asked for. */
const isMillis = `[${amount('k')}].${TENFOLD}.${TENFOLD}.${TENFOLD}.all(q, ${isWholeNumber('q')})`;
/** Bytes may be thousandths too, as 0.3Gi is, and are seen by their digits where floats are too coarse. */
const isPlainlyMillis = `string(self[k]).matches('^[+]?([0-9]*([.][0-9]{0,3}0*)?([kMGTPE]|[KMGTPE]i|[eE][+]?[0-9]+)?|[0-9]+m)$')`;
const isByteMillis = `(${isPlainlyMillis} || (${amount('k')}.compareTo(quantity('4Pi')) < 0 && ${isWholeNumber(amount('k'))}))`;
/** The well-known slip: 500m of memory is half a byte. */
const isNoFractionOfOne = `(${amount('k')}.compareTo(quantity('0')) == 0 || ${amount('k')}.compareTo(quantity('1')) >= 0)`;
const isDivisible = `k in ${listed(DIVISIBLE_KEYS)}`;
const isWhole = `(${isDivisible} ? ${isMillis} : ${isBytes} ? ${isNoFractionOfOne} && ${isByteMillis} : ${isWholeNumber(amount('k'))})`;

/** Every key must hold; the sentence is about the first that does not, by the alphabet since a map has no order. */
const everyKey = (holds: string, message: string, sentence: string): Validation => {
  const bad = `self.filter(k, !(${holds}))`;
  return rule(`self.all(k, ${holds})`, message, {
    messageExpression: `[${bad}].map(bad, bad.filter(k, bad.all(other, k <= other)).map(k, ${sentence})[0])[0]`,
  });
};

const ordered = (of: string): Validation => {
  const [requests, limits] = [`'requests.${of}'`, `'limits.${of}'`];
  const bothGiven = `${requests} in self && ${limits} in self && ${isAmount(`self[${requests}]`)} && ${isAmount(`self[${limits}]`)}`;
  // A negative limit has its own sentence, and so have requests beyond all measure.
  const judged = `${notNegative(limits)} && ${amount(requests)}.compareTo(quantity('${of === 'cpu' ? MOST.count : MOST.bytes}')) <= 0`;
  return rule(
    `!(${bothGiven} && ${judged}) || ${amount(limits)}.compareTo(${amount(requests)}) >= 0`,
    `limits.${of} is less than requests.${of}: raise it, or leave it out and it follows`,
  );
};

/** What `hard` must be, one sentence per fault, so that each fault is told once. */
export const HARD_RULES: readonly Validation[] = [
  everyKey(
    `!${isMisnamed}`,
    'a quota counts what is requested: use requests.nvidia.com/gpu for limits.nvidia.com/gpu or nvidia.com/gpu, requests.cpu for cpu',
    "'use requests.' + k.replace('limits.', '') + ' instead of ' + k",
  ),
  everyKey(
    `${isMisnamed} || ${isKnown}`,
    'hard has a key that no quota knows: kubectl explain grant.spec.hard lists them',
    "'hard has no key ' + k + ': kubectl explain grant.spec.hard lists them'",
  ),
  everyKey(`!${isGiven} || ${notNegative('k')}`, 'an amount is negative: give 0 or more', "k + ' is negative: give 0 or more'"),
  everyKey(
    `!${isGiven} || !${isKnown} || ${withinMost}`,
    `an amount is larger than any cluster: give at most ${MOST.count} of CPU, devices or objects, at most ${MOST.bytes} of memory, storage or bandwidth`,
    `k + ' is larger than any cluster: give at most ' + ${mostOf}`,
  ),
  everyKey(
    `!${isGiven} || !${isKnown} || !(${notNegative('k')}) || !(${withinMost}) || ${isWhole}`,
    'an amount cannot be divided, or not so finely: give a whole number, or of CPU a multiple of 1m, such as 500m or 0.5',
    `k + (${isDivisible} ? ' is finer than 1m: give a multiple of 1m, such as 500m or 0.5' : ' cannot be divided: give a whole number')`,
  ),
  ...PAIRS.map(ordered),
];
