import type { AdmissionPolicy } from '../../meta/policy.ts';

/** On every grant namespace (a slice), with the Grant's uid as its value; the policies select by it. */
export const SLICE_LABEL = 'keystone.io/slice';

/** On the slice namespace: the names of resources that containers may ask for, joined by commas. */
export const ALLOWED_RESOURCES = 'keystone.io/allowed-resources';

/** On the slice namespace: the storage classes that claims may name, joined by commas; `*` lets a claim name any or none. */
export const ALLOWED_STORAGE_CLASSES = 'keystone.io/allowed-storage-classes';

/** On the operator's own objects inside a slice, which nobody else may touch. */
export const CONTROLLER_LABEL = 'keystone.io/controller';

/** The value of CONTROLLER_LABEL for the objects of a Grant. */
export const GRANT_CONTROLLER = 'grant';

/** Who impersonates this group may touch what is ours: kubectl --as=… --as-group=keystone:break-glass. */
export const BREAK_GLASS_GROUP = 'keystone:break-glass';

/** What the API server refuses in a slice, or says about a Grant, also while the operator is down. */
export const grantPolicies: readonly AdmissionPolicy[] = [];
