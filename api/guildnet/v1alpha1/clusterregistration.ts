import {
  columns,
  conditioned,
  crd,
  exactlyOne,
  immutable,
  int32,
  list,
  localRef,
  map,
  object,
  rule,
  sharedConditions,
  sharedReasons,
  text,
  type Infer,
  type ReasonOf,
} from '../../meta/schema.ts';
import { REASONS } from './clusterregistration.reasons.ts';

const TICKET = 'ticketSecretRef names the Secret, in the namespace of the operator, that holds the ticket of the peer.';

const HOST = rule(
  '!format.dns1123Subdomain().validate(self).hasValue()',
  'host is a machine name in the tailnet such as realm-b or realm-b.example.ts.net, without scheme, port or path',
);

/** The sources that lead to another cluster. */
const REMOTE = ['ticketSecretRef', 'tailnet', 'kubeconfigSecretRef'];

/** One sentence per source that this version cannot serve, so that nobody waits for it. */
const notServed = (source: string) =>
  rule(
    `!has(self.${source})`,
    `source.${source} is not served by this version of the operator: the only registration it serves is the one named local, with source {local: {}}`,
    { fieldPath: `.${source}`, reason: 'FieldValueForbidden' },
  );

/** Exactly one; never a bare endpoint, since endpoint, authority and credential only mean something together. */
const source = exactlyOne(
  {
    local: object({}, { description: 'local is this realm itself; it has no settings: write {}.' }),
    ticketSecretRef: localRef(TICKET),
    tailnet: object(
      {
        host: text({
          maxLength: 253,
          minLength: 1,
          cel: [HOST],
          description: 'host is the name of the machine in the tailnet that answers for the realm.',
        }),
        ticketSecretRef: localRef(TICKET),
      },
      { description: 'tailnet reaches the realm through a tailnet; the ticket still proves who answers.' },
    ),
    kubeconfigSecretRef: localRef(
      'kubeconfigSecretRef names the Secret, in the namespace of the operator, whose key kubeconfig gives access to the cluster.',
    ),
  },
  {
    description: 'source says where the cluster is and how it is trusted: exactly one of its fields. It is immutable.',
    cel: [...REMOTE.map(notServed), immutable('source', 'delete this registration and create it again with the new source')],
  },
);

const onSource = { fieldPath: '.spec.source', reason: 'FieldValueForbidden' } as const;

// An empty source is told by the source itself, so that there is one sentence about it and not two.
const LOCAL_IS_ONLY_LOCAL = rule(
  `self.metadata.name != 'local' || has(self.spec.source.local) || !(${REMOTE.map((name) => `has(self.spec.source.${name})`).join(' || ')})`,
  'the registration named local is this realm itself: give it source {local: {}}, or give a remote cluster another name',
  onSource,
);
const ONLY_LOCAL_IS_LOCAL = rule(
  "self.metadata.name == 'local' || !has(self.spec.source.local)",
  'source.local is this realm itself, which is registered once: name this registration local, or give it a source that leads to another cluster',
  {
    messageExpression:
      "'source.local is this realm itself, which is registered once: name it local instead of ' + self.metadata.name + ', or give it a source that leads to another cluster'",
    ...onSource,
  },
);

/** 32 bytes in base64. */
const KEY = { maxLength: 44, pattern: '^[A-Za-z0-9+/]{43}=$' };
const FINGERPRINT = { maxLength: 50, pattern: '^SHA256:[A-Za-z0-9+/]{43}$' };

/** What others have pinned may be neither changed nor dropped by a mistake of ours: the API server refuses it. */
const pinned = (field: string) =>
  rule(
    `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`,
    `${field} was made known and can't change any more: it goes with this object only`,
    { fieldPath: `.${field}`, reason: 'FieldValueForbidden' },
  );

/** The kind ClusterRegistration: its type, its resource, its manifest and its words. */
export const clusterRegistrationSchema = crd({
  group: 'guildnet.io',
  version: 'v1alpha1',
  kind: 'ClusterRegistration',
  plural: 'clusterregistrations',
  scope: 'Cluster',
  shortNames: ['creg'],
  description:
    'ClusterRegistration tells who a realm is and what its cluster can carry. The one named local is this realm itself; the operator makes it at its first start.',
  spec: object({ source }, { description: 'spec says which cluster is registered.' }),
  status: conditioned(
    {
      realm: text({
        maxLength: 63,
        pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        description: 'realm is the name of the realm; it is fixed the first time it is known.',
      }),
      clusterID: text({
        maxLength: 64,
        description: 'clusterID is the uid of the namespace kube-system: it tells this cluster from every copy of it.',
      }),
      publicKey: text({
        ...KEY,
        description: 'publicKey is the Ed25519 key, 32 raw bytes in base64, with which the realm proves who it is.',
      }),
      publicKeyFingerprint: text({
        ...FINGERPRINT,
        description:
          'publicKeyFingerprint is SHA256: and the unpadded base64 of the SHA-256 of the 32 bytes of publicKey: what people compare and approve.',
      }),
      encryptionKey: text({
        ...KEY,
        description: 'encryptionKey is the X25519 key, 32 raw bytes in base64, to which others seal what only this realm may read.',
      }),
      version: text({ maxLength: 64, description: 'version is the version of Kubernetes that the API server of the cluster runs.' }),
      nodes: int32({ minimum: 0, description: 'nodes is the number of nodes that are ready.' }),
      allocatable: map(text({ maxLength: 64 }), {
        maxProperties: 32,
        because: 'the keys are resource names, as in the allocatable of a Node',
        description:
          'allocatable is what the nodes together can carry that are ready, not cordoned and not tainted (but for a resource that they have): quantities by resource name, such as cpu, memory or nvidia.com/gpu.',
      }),
      retained: list(
        object({
          volume: text({ maxLength: 253, description: 'volume is the name of the PersistentVolume.' }),
          grantUID: text({ maxLength: 64, description: 'grantUID is the uid of the Grant whose guest wrote the data.' }),
          until: text({ maxLength: 40, description: 'until is the moment until which the owner promised to keep it.' }),
        }),
        {
          kind: 'map',
          keys: ['volume'],
          maxItems: 256,
          description:
            'retained lists the volumes that were kept when a Grant ended, those first that end first; beyond 256 the rest is left out, and the label keystone.io/retained-from of PersistentVolumes finds all.',
        },
      ),
    },
    {
      summary: { nodes: 'nodes is the number of ready nodes and of all nodes, such as 2/3.' },
      cel: ['realm', 'clusterID', 'publicKey', 'publicKeyFingerprint', 'encryptionKey'].map(pinned),
    },
  ),
  cel: [ONLY_LOCAL_IS_LOCAL, LOCAL_IS_ONLY_LOCAL],
  columns: columns
    .show('Realm', '.status.realm', 'The name of the realm.')
    .ready()
    .show('Nodes', '.status.summary.nodes', 'Ready nodes of all nodes.')
    .show('Version', '.status.version', 'The version of Kubernetes.')
    .show('CPU', '.status.allocatable.cpu', 'CPU that the nodes can carry which take new Pods.')
    .show('Memory', '.status.allocatable.memory', 'Memory that the nodes can carry which take new Pods.')
    .age()
    .wide('Fingerprint', '.status.publicKeyFingerprint', 'What people compare before they trust a realm.')
    .reason(),
  conditions: {
    ...sharedConditions,
    IdentityEstablished: {
      polarity: 'positive',
      means: 'The keys that prove who the realm is are there and are the ones that were made known.',
    },
  },
  reasons: { ...REASONS, ...sharedReasons },
});

/** Who a realm is and what its cluster can carry; the one named local is this realm. */
export type ClusterRegistration = Infer<typeof clusterRegistrationSchema>;
export const ClusterRegistration = clusterRegistrationSchema.resource;

/** The reasons that a condition of a ClusterRegistration may carry. */
export type ClusterRegistrationReason = ReasonOf<typeof clusterRegistrationSchema>;
