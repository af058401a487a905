import type { ConditionMeaning, ReasonMeaning } from '../../meta/status.ts';

/** What the conditions of a Grant tell, besides those that every kind has. */
export const CONDITIONS = {
  Usable: { polarity: 'positive', means: 'The grantee can start workloads in the slice now.' },
  CapacityAvailable: { polarity: 'positive', means: 'The cluster can carry what this Grant lends, beside what is lent already.' },
  NamespaceReady: { polarity: 'positive', means: 'The namespace of the slice is there and was made for this Grant.' },
  QuotaEnforced: { polarity: 'positive', means: 'Kubernetes itself counts and limits what is made in the slice.' },
  NetworkIsolated: {
    polarity: 'positive',
    means: 'The policies are there that close the slice; they hold where the network of the cluster enforces NetworkPolicy.',
  },
  BandwidthEnforced: { polarity: 'positive', means: 'The bandwidth that the Grant names is a limit in fact; there only if it names one.' },
  DestinationsResolved: { polarity: 'positive', means: 'Every destination `realm:NAME` is open; there only if the Grant names a realm.' },
  StorageAvailable: { polarity: 'positive', means: 'A storage class gives the storage that is lent; there only if none does.' },
  OverQuota: {
    polarity: 'abnormal',
    means: 'More is used than is lent, since less is lent than before. Nothing is ended; what needs more of it does not start.',
  },
  ExpiringSoon: { polarity: 'abnormal', means: 'The Grant ends within a week.' },
} as const satisfies Readonly<Record<string, ConditionMeaning>>;

/** Why a Grant is, or is not, what it should be. */
export const REASONS = {
  InForce: {
    means: 'The Grant is active: what it lends can be used, within limits that Kubernetes itself enforces.',
    remedy: 'Nothing to do.',
  },
  NotYetValid: {
    means: 'The time in `spec.validity.validFrom` has not come. Nothing was made yet.',
    remedy: 'Wait until then, or set an earlier time.',
  },
  Revoked: {
    means: 'The owner took the Grant back with `spec.revoked`. Its workloads have ended, and its namespace is gone or going.',
    remedy: 'Nothing to do. To lend again, set `spec.revoked` to false: the Grant begins anew with an empty namespace.',
  },
  Expired: {
    means: 'The time in `spec.validity.validUntil` has passed. The workloads have ended, and the namespace is gone or going.',
    remedy: 'Nothing to do. To lend again, set a later `validUntil`: the Grant begins anew with an empty namespace.',
  },
  Ending: {
    means: 'The Grant was revoked, has expired or is being deleted, and what was made for it is being removed; its volumes are kept first.',
    remedy: 'Wait. If it takes minutes, the message names what is still in the way.',
  },
  DataNotKept: {
    means:
      'A volume of the slice could not be marked as kept, so the slice is not taken away yet: that would delete the data. Its Pods have ended and nothing new begins.',
    remedy:
      'The message names the volume and what refused the change. Mend that; it is tried again by itself. A Grant that is deleted goes after ten minutes all the same; its slice is still looked after, and the log says what stands in the way.',
  },
  NotGrantor: {
    means: 'The Grant lends from another realm than this one, so it has no effect here. One repository may feed many clusters.',
    remedy: 'Nothing to do, unless `spec.grantorRealm` is a mistake: `kubectl get creg local` shows the name of this realm.',
  },
  NamespaceNotServed: {
    means: 'The Grant stands in a namespace in which Grants are not served: whoever may write there must not lend what the realm has.',
    remedy: 'Create it in a namespace that the flag --grant-namespaces of the operator names; keystone-system if nothing else was chosen.',
  },
  RealmUnknown: {
    means: 'This realm has no name yet, so nobody can tell whether it is the grantor.',
    remedy: 'Look at `kubectl get creg local -o wide` and do what its reason says.',
  },
  Cordoned: {
    means: 'The owner keeps new workloads out with `spec.cordoned`. Those that run go on.',
    remedy: 'Set `spec.cordoned` to false to let new workloads in.',
  },
  CapacityAvailable: {
    means: 'The cluster can carry what this Grant and all older ones lend, and the reserve besides.',
    remedy: 'Nothing to do.',
  },
  InsufficientCapacity: {
    means:
      'What is lent already and the reserve leave too little for this one. The message says of what and how much. One that was let in before and asks for more keeps what it had.',
    remedy: 'Add nodes, lend less in `spec.hard`, end another Grant, or set `spec.overcommit` to Allow.',
  },
  NodesLost: {
    means: 'The cluster has become smaller than what is lent. This Grant is among the newest, so it is marked; nothing of it is ended.',
    remedy: 'Bring the nodes back or add others. Until then some workloads may stay pending.',
  },
  NothingLent: {
    means: 'Of something that every Pod needs, `spec.hard` lends nothing: CPU, memory or Pods. So none can start.',
    remedy: 'Name it in `spec.hard`. What is not named there is 0; the message says what.',
  },
  NoStorageClass: {
    means:
      'Storage is lent, but no class that could give it: `spec.hard` names none, or only with 0, and the cluster has no default StorageClass that makes volumes, and deletes them with their claims (one with `reclaimPolicy: Retain` would lend a disk anew each time that a guest deletes a claim).',
    remedy:
      'Name one: `CLASS.storageclass.storage.k8s.io/requests.storage`, or mark one as the default that deletes. All else of the Grant is in force.',
  },
  NamespaceCreating: {
    means: 'The namespace of the slice is being made.',
    remedy: 'Wait.',
  },
  NamespaceReady: {
    means: 'The namespace of the slice is there. Its name stands in `status.namespace`.',
    remedy: 'Nothing to do.',
  },
  NamespaceTaken: {
    means:
      'A namespace of the name that the slice needs is there and was not made for this Grant. The operator never takes over what it did not make.',
    remedy: 'Look at what is in it. Rename or delete it, and the operator makes its own.',
  },
  NamespaceTerminating: {
    means: 'The namespace of the slice is being deleted and not yet gone.',
    remedy:
      'Wait: Pods have up to five minutes to end. If it stays, `kubectl get namespace NAME -o yaml` names what holds it, or its Pods and claims have finalizers.',
  },
  QuotaEnforced: {
    means: 'The ResourceQuota in the slice has been taken up by Kubernetes: its limits hold, also while the operator is down.',
    remedy: 'Nothing to do.',
  },
  QuotaPending: {
    means: 'The ResourceQuota is there, but Kubernetes has not taken up its limits yet. Nobody is let in before.',
    remedy: 'Wait some seconds. If it stays, look whether kube-controller-manager runs.',
  },
  OverQuota: {
    means: 'More is used than is lent, since `spec.hard` has become smaller. Nothing is ended, but what needs more of it does not start.',
    remedy: 'End workloads until the use is below the limits, or lend more. The message names the keys.',
  },
  BandwidthUnsupported: {
    means: 'The Grant limits bandwidth, and nothing in this cluster enforces that. All other limits hold.',
    remedy:
      'Take the keys `keystone.io/egress-bandwidth` and `keystone.io/ingress-bandwidth` out of `spec.hard`, or accept that they are not enforced.',
  },
  NetworkIsolated: {
    means:
      'The network policies of the slice are there: everything is closed but the slice itself, DNS, the grantee and the allowed destinations.',
    remedy: 'Nothing to do.',
  },
  DestinationUnresolved: {
    means: 'A destination `realm:NAME` names a realm whose networks are not known here. It stays closed; all others are open.',
    remedy:
      'Name its networks as CIDRs instead, or take the destination out; it is kept for when realms can be registered. The message names it.',
  },
  ExpiringSoon: {
    means: 'The Grant ends within a week, at the time in `spec.validity.validUntil`.',
    remedy: 'Set a later `validUntil` to go on lending; otherwise nothing.',
  },
} as const satisfies Readonly<Record<string, ReasonMeaning>>;
