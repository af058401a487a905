import type { LimitRange, Namespace, NetworkPolicy, PersistentVolume, ResourceQuota } from '../../api/meta/builtin.ts';
import type { ApplyConfig } from '../../api/meta/object.ts';
import { METADATA_SERVICES, REALM_PREFIX } from '../../api/keystone/v1alpha1/grant.network.ts';
import { ALLOWED_RESOURCES, ALLOWED_STORAGE_CLASSES, SLICE_LABEL } from '../../api/keystone/v1alpha1/grant.policies.ts';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { RETAINED_FROM, RETAINED_UNTIL } from '../../api/keystone/v1alpha1/grant.retention.ts';
import { greaterOf, lesserOf } from '../runtime/quantity.ts';
import { holds } from './cidr.ts';
import { allowedResources, cordonedHard, quotaHard, type Hard } from './hard.ts';

/** The name of each object of ours in a slice. */
export const OURS = 'grant';

/** What a slice may ask for by name: the resources of these limits, and these classes. */
export interface Opened {
  readonly hard: Hard;
  readonly storageClasses: readonly string[];
}

/** The namespace of a slice: what the API server and its policies read there limits all that is in it. */
export const renderNamespace = ({ metadata, spec }: Grant, name: string, { hard, storageClasses }: Opened): ApplyConfig<Namespace> => ({
  metadata: {
    name,
    labels: {
      [SLICE_LABEL]: metadata.uid,
      'keystone.io/grantee-realm': spec.granteeRealm,
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/enforce-version': 'latest',
    },
    annotations: {
      [ALLOWED_RESOURCES]: allowedResources(hard).join(','),
      [ALLOWED_STORAGE_CLASSES]: storageClasses.join(','),
    },
  },
});

/** What the slice may hold and use in all. While cordoned, what runs goes on and nothing new begins. */
export const renderQuota = ({ spec }: Grant, namespace: string, hard: Hard): ApplyConfig<ResourceQuota> => ({
  metadata: { name: OURS, namespace },
  spec: { hard: quotaHard(spec.cordoned ? cordonedHard(hard) : hard) },
});

/** What a container asks for that says nothing: small, but counted. A quota refuses a Pod that leaves anything out. */
const UNSAID: Hard = { cpu: '100m', memory: '128Mi', 'ephemeral-storage': '64Mi' };
/** How far a container may go that names no limit. Large enough for what people usually ask for, small enough that a few do not use the slice up. */
const ROOM: Hard = { cpu: '500m', memory: '512Mi', 'ephemeral-storage': '64Mi' };

/**
 * Fills in what containers leave out, so that nothing goes uncounted. A limit of 0 is the policies' to refuse: a minimum would
 * refuse requests of 0 as well, which are harmless beside a limit.
 */
export const renderLimitRange = (namespace: string, hard: Hard): ApplyConfig<LimitRange> => ({
  metadata: { name: OURS, namespace },
  spec: { limits: [{ type: 'Container', default: roomIn(hard), defaultRequest: UNSAID }] },
});

/** As much as the slice has, up to the usual; never less than what is asked for in its stead, which no LimitRange may say. */
const roomIn = (hard: Hard): Hard =>
  Object.fromEntries(
    Object.entries(ROOM).map(([name, usual]) => [name, greaterOf(lesserOf(usual, hard[`limits.${name}`] ?? '0'), UNSAID[name] ?? '0')]),
  );

type Rule = NonNullable<NetworkPolicy['spec']>;
const DNS_PORTS = [
  { protocol: 'UDP', port: 53 },
  { protocol: 'TCP', port: 53 },
] as const;

/** Closed by default; open to the names of the cluster, to the grantee's own addresses, and to what was allowed by name. */
export function renderNetworkPolicies({ spec }: Grant, namespace: string): readonly ApplyConfig<NetworkPolicy>[] {
  const policy = (name: string, rule: Omit<Rule, 'podSelector'>): ApplyConfig<NetworkPolicy> => ({
    metadata: { name: `${OURS}-${name}`, namespace },
    // Both are named, so that what somebody adds to either goes again.
    spec: { podSelector: {}, ingress: [], egress: [], ...rule },
  });
  const blocks = (cidrs: readonly string[]) => cidrs.filter(isOpened).map((cidr) => ({ ipBlock: { cidr, ...exceptOf(cidr) } }));
  const grantee = blocks(spec.grantee?.cidrs ?? []);
  const allowed = blocks(spec.networkPolicy.egressAllowed ? spec.networkPolicy.allowedDestinations.filter(isCidr) : []);
  return [
    policy('default-deny', { policyTypes: ['Ingress', 'Egress'] }),
    policy('dns', {
      policyTypes: ['Egress'],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
              podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
            },
          ],
          ports: DNS_PORTS,
        },
      ],
    }),
    policy('inside', {
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: {} }] }],
      egress: [{ to: [{ podSelector: {} }] }],
    }),
    ...(grantee.length === 0
      ? []
      : [policy('return-path', { policyTypes: ['Ingress', 'Egress'], ingress: [{ from: grantee }], egress: [{ to: grantee }] })]),
    ...(allowed.length === 0 ? [] : [policy('egress', { policyTypes: ['Egress'], egress: [{ to: allowed }] })]),
  ];
}

/** Nobody may name a metadata service any more; who did before it was known as one opens nothing by it. */
const isOpened = (cidr: string): boolean => !METADATA_SERVICES.some((service) => service === cidr);

/** What stays closed inside a network that is open. */
function exceptOf(cidr: string): { readonly except?: string[] } {
  const except = METADATA_SERVICES.filter((service) => holds(cidr, service.replace(/\/.*/, '')));
  return except.length === 0 ? {} : { except };
}

/** A destination is an address block or the name of a realm, whose addresses only its registration knows. */
export const isCidr = (destination: string): boolean => !destination.startsWith(REALM_PREFIX);

/** The realms among the destinations, whose addresses are not known to a NetworkPolicy yet. */
export const realmsOf = ({ spec }: Grant): readonly string[] =>
  spec.networkPolicy.allowedDestinations
    .filter((destination) => !isCidr(destination))
    .map((destination) => destination.slice(REALM_PREFIX.length));

/** What an ending slice may still hold: what runs, until it has ended, and nothing new. */
export const renderShut = (namespace: string, { spec }: ResourceQuota): ApplyConfig<ResourceQuota> => ({
  metadata: { name: OURS, namespace },
  spec: { hard: cordonedHard(spec?.hard ?? {}) },
});

/** Keeps a volume after its claim is gone, and says whose it was and until when. */
export const renderRetained = ({ metadata }: Grant, volume: PersistentVolume, until: string): ApplyConfig<PersistentVolume> => ({
  metadata: { name: volume.metadata.name, labels: { [RETAINED_FROM]: metadata.uid }, annotations: { [RETAINED_UNTIL]: until } },
  spec: { persistentVolumeReclaimPolicy: 'Retain' },
});
