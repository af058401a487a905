import { ALLOWED_KEYS, isOurKey, listed, text, texts } from './grant.slice.ts';

/**
 * Prefixes of labels and annotations by which people and their tools take notes, and no controller acts beyond what it was told
 * to serve. A list of what is harmful would be out of date each time that somebody invents a way to expose a Service.
 */
const NOTES = [
  'a8r.io',
  'app.kubernetes.io',
  'argocd.argoproj.io',
  'checksum',
  'config.k8s.io',
  'config.kubernetes.io',
  'helm.sh',
  'helm.toolkit.fluxcd.io',
  'internal.config.kubernetes.io',
  'kapp.k14s.io',
  'kubectl.kubernetes.io',
  'kustomize.toolkit.fluxcd.io',
  'meta.helm.sh',
  'prometheus.io',
  'pulumi.com',
  'reconcile.fluxcd.io',
  'skaffold.dev',
];
/** Keys that are as harmless, under prefixes that are not. */
const NOTED = [
  'kubernetes.io/change-cause',
  'kubernetes.io/cluster-service',
  'kubernetes.io/description',
  'kubernetes.io/name',
  'service.alpha.kubernetes.io/tolerate-unready-endpoints',
  'service.kubernetes.io/topology-aware-hints',
  'service.kubernetes.io/topology-mode',
  'statefulset.kubernetes.io/pod-name',
];

/** CEL, for a policy's variable `known`: the prefixes and keys that tell nobody to do anything, and those that the owner lists. */
export const KNOWN_KEYS = `${texts([...NOTES, ...NOTED])} + ${listed(ALLOWED_KEYS)}`;

/** CEL, over `known`: the keys of another domain that come, go or change. */
export const strangeKeys = (now: string, before: string): string => {
  const isStrange = `k.contains("/") && !(k in variables.known) && !(k.split("/")[0] in variables.known) && !${isOurKey('k')}`;
  return `(${now}.filter(k, ${isStrange} && !(k in ${before} && ${before}[k] == ${now}[k])) + ${before}.filter(k, ${isStrange} && !(k in ${now})))`;
};
/** CEL: what is wrong with such keys. */
export const strangers = (keys: string, what: string): string =>
  `size(${keys}) == 0 ? [] : [${text(`the ${what} `)} + ${keys}.sort().join(", ") + ${text(` might have a controller of this cluster act beyond this namespace: leave them as they are, or ask the owner to name them in ${ALLOWED_KEYS}`)}]`;
