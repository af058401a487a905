/** What tests read of Kubernetes' own kinds. */

/** A quota as it is in force. */
export interface ResourceQuota {
  readonly status: { readonly hard: Readonly<Record<string, string>>; readonly used: Readonly<Record<string, string>> };
}

/** A Pod as it was taken. */
export interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

/** A claim, and whether it has a volume. */
export interface PersistentVolumeClaim {
  readonly status: { readonly phase: string };
}
