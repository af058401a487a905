import { DEFAULT_RETENTION } from './grant.retention.ts';
import { bool, dateTime, enumeration, immutable, inOrder, list, map, object, quantity, rule, text } from '../../meta/schema.ts';
import { HARD_RULES, OBJECT_KEYS } from './grant.keys.ts';
import { CIDR_RULES, DESTINATION_RULES, LONGEST_CIDR, LONGEST_DESTINATION } from './grant.network.ts';

/** The documented keys of hard, for those who ask `kubectl explain`. */
const COUNTED = OBJECT_KEYS.flatMap((key) => /^count\/(.+)$/.exec(key)?.[1] ?? []).join(', ');
const HARD = `hard is what is lent, as in a ResourceQuota. Absent, it is requests.cpu 1, requests.memory 1Gi, limits.cpu 2, limits.memory 2Gi, requests.storage 10Gi and no GPU. Given, what it does not name is 0, limits.x follows requests.x, and only ephemeral-storage (2Gi) and the numbers of objects have bounds of their own; status.hard shows what is in force. Keys: requests. and limits. of cpu, memory and ephemeral-storage; requests.storage, which follows the classes that are named; requests.VENDOR/RESOURCE such as requests.nvidia.com/gpu; CLASS.storageclass.storage.k8s.io/requests.storage and /persistentvolumeclaims; CLASS.deviceclass.resource.k8s.io/devices; pods, services, services.loadbalancers, services.nodeports, configmaps, secrets, persistentvolumeclaims, replicationcontrollers; count/ and one of ${COUNTED}; keystone.io/egress-bandwidth and keystone.io/ingress-bandwidth in bits per second.`;

const realm = (field: string, remedy: string, description: string) =>
  text({
    maxLength: 63,
    minLength: 1,
    cel: [
      rule(
        '!format.dns1123Label().validate(self).hasValue()',
        `${field} is the name of a realm: lower-case letters, digits and dashes, at most 63, such as alice-home`,
      ),
      immutable(field, remedy),
    ],
    description,
  });

const ANOTHER_GRANT = 'delete this Grant and create another for the other realm';

/** Hours, minutes and seconds in that order; without a limit on the digits, CEL itself would fail instead of our sentence. */
const isDuration = "self != '' && self.matches('^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$')";

/** A length of time such as 30s, 5m or 1h30m. */
const duration = (field: string, longest: string, byDefault: string, description: string) =>
  text({
    maxLength: 32,
    default: byDefault,
    cel: [
      rule(
        `${isDuration} && duration(self) <= duration('${longest}')`,
        `${field} is a length of time from 0s to ${longest} in hours, minutes and seconds, such as 30s, 5m or 1h30m`,
      ),
    ],
    description,
  });

const networkPolicy = object(
  {
    egressAllowed: bool({
      because: 'the seed names it so, and it asks nothing but whether allowedDestinations count',
      default: false,
      description:
        'egressAllowed opens allowedDestinations to the workloads. Without it they reach each other, DNS and their grantee only.',
    }),
    allowedDestinations: list(text({ maxLength: LONGEST_DESTINATION, cel: DESTINATION_RULES }), {
      kind: 'set',
      maxItems: 64,
      default: [],
      description:
        'allowedDestinations are the networks and realms that the workloads may reach besides: each a CIDR such as 192.0.2.0/24, or realm:NAME. Empty, nothing more is opened, whatever egressAllowed says.',
    }),
  },
  {
    default: {},
    description: 'networkPolicy says what the workloads may reach. Their grantee reaches them always.',
    cel: [
      rule(
        // The default {} itself is judged before it is filled in.
        '!has(self.allowedDestinations) || size(self.allowedDestinations) == 0 || (has(self.egressAllowed) && self.egressAllowed)',
        'destinations need egress: set egressAllowed to true, or leave allowedDestinations empty',
        { fieldPath: '.allowedDestinations' },
      ),
    ],
  },
);

const validity = object(
  {
    validFrom: dateTime({
      optional: true,
      description: 'validFrom is when the Grant begins, such as 2030-01-01T00:00:00Z; until then it is Pending. Absent, it begins at once.',
    }),
    validUntil: dateTime({
      optional: true,
      description: 'validUntil is when the Grant ends as Expired, such as 2031-01-01T00:00:00Z. Absent, it never ends by itself.',
    }),
  },
  {
    optional: true,
    description: 'validity says from when until when the Grant holds, by the clock of the grantor. Absent, it holds from creation on.',
    cel: [
      rule(
        inOrder('validFrom', 'validUntil'),
        'validUntil must be later than validFrom: a Grant that ends before it begins lends nothing',
        { fieldPath: '.validUntil' },
      ),
    ],
  },
);

const grantee = object(
  {
    clusterID: text({
      maxLength: 64,
      minLength: 1,
      optional: true,
      cel: [
        rule(
          '!format.uuid().validate(self).hasValue()',
          'clusterID is the uid of the namespace kube-system of the grantee, as its ClusterRegistration local shows it in status.clusterID',
        ),
      ],
      description:
        'clusterID is the uid of the namespace kube-system of the one cluster that is to use the Grant; absent, any cluster of the grantee. It is kept for when guests get credentials, and holds nobody off yet. Once set it stays.',
    }),
    publicKeyFingerprint: text({
      maxLength: 50,
      minLength: 1,
      optional: true,
      cel: [
        rule(
          "self.matches('^SHA256:[A-Za-z0-9+/]{43}$')",
          'publicKeyFingerprint is SHA256: and 43 letters, as the ClusterRegistration local of the grantee shows it in status.publicKeyFingerprint',
        ),
      ],
      description:
        'publicKeyFingerprint is the key of the grantee, as people compare it; absent, any key of the grantee. It is kept for when guests get credentials, and holds nobody off yet. Once set it stays.',
    }),
    cidrs: list(text({ maxLength: LONGEST_CIDR, cel: CIDR_RULES }), {
      kind: 'set',
      maxItems: 16,
      default: [],
      description:
        'cidrs are the networks from which the grantee comes and to which its workloads may answer: the return path. Empty, nothing but DNS and each other is open.',
    }),
  },
  { optional: true, description: 'grantee is what is known of the realm that borrows. Absent, it is known by its name only.' },
);

/** Whom a Grant trusts may be said later, but then neither changed nor dropped. */
const onceSet = (field: string) => {
  const given = (at: string): string => `has(${at}.grantee) && has(${at}.grantee.${field})`;
  return rule(
    `!(${given('oldSelf')}) || (${given('self')} && self.grantee.${field} == oldSelf.grantee.${field})`,
    `grantee.${field} is set and can't change any more: ${ANOTHER_GRANT}`,
    { fieldPath: `.grantee.${field}`, reason: 'FieldValueForbidden' },
  );
};

/** What the owner of a realm says of a Grant. */
export const grantSpec = object(
  {
    grantorRealm: realm(
      'grantorRealm',
      ANOTHER_GRANT,
      'grantorRealm is the realm that lends. In every other realm this Grant has no effect and says NotGrantor. It is immutable.',
    ),
    granteeRealm: realm('granteeRealm', ANOTHER_GRANT, 'granteeRealm is the realm that borrows. It is immutable.'),
    hard: map(quantity({}), {
      maxProperties: 64,
      optional: true,
      because: 'the seed names it so: the keys are those of a ResourceQuota, which is a map too',
      cel: HARD_RULES,
      description: HARD,
    }),
    networkPolicy,
    validity,
    grantee,
    cordoned: bool({
      because: 'new work is either let in or not',
      default: false,
      description: 'cordoned keeps new workloads out and lets those that run go on.',
    }),
    revoked: bool({
      because: 'a Grant is either in force or taken back',
      default: false,
      description:
        'revoked takes the Grant back: its workloads end and its namespace goes. Set back to false, the Grant begins anew with an empty namespace.',
    }),
    revocation: enumeration(['Graceful', 'Immediate'], {
      default: 'Graceful',
      description:
        'revocation is kept for when notice is given and changes nothing yet: with Graceful as with Immediate, workloads have the grace period of their pods.',
    }),
    noticePeriod: duration(
      'noticePeriod',
      '24h',
      '30s',
      'noticePeriod is kept for when notice is given, 0s to 24h, and changes nothing yet: workloads have the grace period of their pods.',
    ),
    overcommit: enumeration(['Deny', 'Allow'], {
      default: 'Deny',
      description:
        'overcommit says whether more may be lent than the cluster has: Deny keeps the Grant Pending until there is room, Allow lends anyway.',
    }),
    dataRetention: duration(
      'dataRetention',
      '8760h',
      DEFAULT_RETENTION,
      'dataRetention is how long the volumes must stay once the Grant has ended: 0s to 8760h. They are marked with that time and listed in ClusterRegistration local; nothing deletes them yet, not even after it.',
    ),
  },
  {
    description: 'spec says what is lent, to whom and how long.',
    cel: [
      rule('self.grantorRealm != self.granteeRealm', 'a realm cannot lend to itself: granteeRealm must differ from grantorRealm', {
        fieldPath: '.granteeRealm',
      }),
      onceSet('clusterID'),
      onceSet('publicKeyFingerprint'),
    ],
  },
);
