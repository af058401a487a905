import {
  columns,
  conditioned,
  crd,
  enumeration,
  int64,
  map,
  object,
  rule,
  sharedConditions,
  sharedReasons,
  text,
  timestamp,
  type ConditionTypeOf,
  type Infer,
  type ReasonOf,
} from '../../meta/schema.ts';
import { CONDITIONS, REASONS } from './grant.reasons.ts';
import { grantSpec } from './grant.spec.ts';

export {
  BANDWIDTH_KEYS,
  COMPUTE_KEYS,
  DEVICE_CLASS_SUFFIX,
  OBJECT_KEYS,
  QUOTA_KEYS,
  STORAGE_CLASS_SUFFIXES,
  STORAGE_KEYS,
} from './grant.keys.ts';
export { REALM_PREFIX } from './grant.network.ts';

/** Quantities by key, in the words of the ResourceQuota. */
const amounts = (description: string) =>
  map(text({ maxLength: 64 }), {
    maxProperties: 128,
    because: 'the keys are those of spec.hard and of a ResourceQuota',
    description,
  });

const ended = object(
  {
    epoch: int64({ minimum: 0, description: 'epoch is the one that ended.' }),
    reason: enumeration(['Revoked', 'Expired'], { description: 'reason is why it ended.' }),
    at: timestamp({ description: 'at is when it was decided.' }),
  },
  { description: 'ended tells that an epoch has ended for good: what was decided is done to its end, whatever happens meanwhile.' },
);

/** The kind Grant: its type, its resource, its manifest and its words. */
export const grantSchema = crd({
  group: 'keystone.io',
  version: 'v1alpha1',
  kind: 'Grant',
  plural: 'grants',
  scope: 'Namespaced',
  shortNames: ['gr'],
  description:
    'Grant lends a slice of this realm to another realm: one namespace whose limits Kubernetes itself enforces, also while the operator is down.',
  spec: grantSpec,
  status: conditioned(
    {
      phase: enumeration(['Pending', 'Active', 'Revoked', 'Expired'], {
        description: 'phase is where the Grant stands, for people; programs look at conditions.',
      }),
      namespace: text({ maxLength: 63, description: 'namespace is the slice: the namespace that was made for this epoch.' }),
      epoch: int64({
        minimum: 0,
        description: 'epoch counts how often the Grant came into force; each time has a namespace of its own. It never goes back.',
      }),
      ended,
      hard: amounts('hard is what is in force, with all that follows from spec.hard.'),
      used: amounts('used is what the workloads take, as the ResourceQuota counts it.'),
      free: amounts('free is what is left of hard.'),
    },
    {
      summary: {
        grantee: 'grantee is the realm that borrows.',
        cpu: 'cpu is used and lent CPU, such as 1/4.',
        memory: 'memory is used and lent memory, such as 2/8Gi.',
        storage: 'storage is used and lent storage, such as 25/100Gi.',
        gpu: 'gpu is used and lent GPUs, such as 0/1.',
        egress: 'egress is None, or how many destinations are open.',
        expires: 'expires is the day on which the Grant ends, or Never.',
      },
      cel: [
        rule('!has(oldSelf.epoch) || (has(self.epoch) && self.epoch >= oldSelf.epoch)', 'epoch only grows: an older one was done with', {
          fieldPath: '.epoch',
          reason: 'FieldValueForbidden',
        }),
        rule(
          '!has(oldSelf.ended) || has(self.ended) || (has(self.epoch) && self.epoch > oldSelf.ended.epoch)',
          'ended stays: what has ended comes back as a new epoch only',
          { fieldPath: '.ended', reason: 'FieldValueForbidden' },
        ),
        rule(
          // A word of CEL's own, which it has escaped.
          '!has(oldSelf.__namespace__) || (has(self.__namespace__) && self.__namespace__ == oldSelf.__namespace__) || has(self.ended) || (has(self.epoch) && has(oldSelf.epoch) && self.epoch > oldSelf.epoch)',
          'namespace stays until this epoch has ended: without it, what runs there would be taken for what an earlier one has left',
          { fieldPath: '.namespace', reason: 'FieldValueForbidden' },
        ),
      ],
    },
  ),
  columns: columns
    .show('Grantee', '.spec.granteeRealm', 'The realm that borrows.')
    .show('Phase', '.status.phase', 'Pending, Active, Revoked or Expired.')
    .ready()
    .show('Usable', '.status.conditions[?(@.type=="Usable")].status', 'Whether the grantee can start workloads now.')
    .show('CPU', '.status.summary.cpu', 'CPU requests that are used, of those that are lent.')
    .show('Memory', '.status.summary.memory', 'Memory requests that are used, of those that are lent.')
    .show('Storage', '.status.summary.storage', 'Storage that is used, of what is lent.')
    .show('Expires', '.status.summary.expires', 'The day on which it ends.')
    .age()
    .wide('GPU', '.status.summary.gpu', 'GPUs that are used, of those that are lent.')
    .wide('Egress', '.status.summary.egress', 'What the workloads may reach besides their grantee.')
    .reason(),
  conditions: { ...sharedConditions, ...CONDITIONS },
  reasons: { ...REASONS, ...sharedReasons },
});

/** A slice of this realm, lent to another realm. */
export type Grant = Infer<typeof grantSchema>;
export const Grant = grantSchema.resource;

/** The reasons that a condition of a Grant may carry. */
export type GrantReason = ReasonOf<typeof grantSchema>;

/** The condition types of a Grant. */
export type GrantCondition = ConditionTypeOf<typeof grantSchema>;
