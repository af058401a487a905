import type { AdmissionPolicy } from '../../meta/policy.ts';

/** Marks the Secret that holds this realm's keys. */
export const IDENTITY_LABEL = 'keystone.io/identity';

/** The reasons that mean: the keys that peers know are not at hand. */
const WITHOUT_IDENTITY = ['IdentityLost', 'IdentityCorrupt', 'IdentityMismatch', 'IdentityOfAnotherCluster'];

const conditions = 'oldObject.?status.conditions.orValue([])';

/** What people are told before they touch the identity of their realm. */
export const clusterRegistrationPolicies: readonly AdmissionPolicy[] = [
  {
    name: 'keystone-identity-secret',
    description: 'Says what is lost before the Secret with the keys of this realm is deleted.',
    action: 'Warn',
    match: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: ['DELETE'], scope: 'Namespaced' }],
    labels: { [IDENTITY_LABEL]: 'local' },
    validations: [
      {
        expression: 'false',
        message:
          'this ends the identity of this realm: its peers know it by the keys in this Secret, and only a backup of it brings them back',
      },
    ],
  },
  {
    name: 'keystone-local-registration',
    description: 'Says what happens before the registration of this realm itself is deleted.',
    action: 'Warn',
    match: [
      {
        apiGroups: ['guildnet.io'],
        apiVersions: ['v1alpha1'],
        resources: ['clusterregistrations'],
        operations: ['DELETE'],
        resourceNames: ['local'],
        scope: 'Cluster',
      },
    ],
    variables: {
      identityMissing: `${conditions}.exists(c, c.type == 'IdentityEstablished' && c.status == 'False' && c.reason in [${WITHOUT_IDENTITY.map((reason) => `'${reason}'`).join(', ')}])`,
    },
    validations: [
      {
        expression: 'variables.identityMissing',
        message:
          'the operator makes clusterregistration/local again, with the same name and the same identity, as long as the Secret keystone-identity is there',
      },
      {
        expression: '!variables.identityMissing',
        message:
          'the keys of this realm are not at hand: if the Secret keystone-identity is gone too, the operator begins with a new identity, and every peer must enrol again',
      },
    ],
  },
];
