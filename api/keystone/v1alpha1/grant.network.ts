import type { Validation } from '../../meta/json-schema.ts';
import { rule } from '../../meta/schema.ts';

/** Begins a destination that names a realm instead of a network: `realm:carol`. */
export const REALM_PREFIX = 'realm:';

/** The longest IPv6 network as text; realm: and a DNS label is longer. */
export const LONGEST_CIDR = 43;
/** realm: and a DNS label. */
export const LONGEST_DESTINATION = REALM_PREFIX.length + 63;

const isRealm = `(self.startsWith('${REALM_PREFIX}') && !format.dns1123Label().validate(self.substring(${REALM_PREFIX.length})).hasValue())`;
/** An IPv4 address in IPv6 clothes, in every way to write it; what it would match differs between network plugins. */
const isMapped = "self.lowerAscii().matches('^[0:]*:ffff:[0-9a-f:.]+(/[0-9]+)?$')";
/** All further rules look only at what is a network at all, so that each fault is told once. */
const network = (cel: string): string => `!isCIDR(self) || ${cel}`;

/** IPv4 knows no larger network that one owner has, and IPv6 gives a registry of the internet no more than a /16 at a time. */
const SHORTEST_PREFIX = { v4: 8, v6: 16 };
const isTooLarge = `cidr(self).prefixLength() < (cidr(self).ip().family() == 4 ? ${SHORTEST_PREFIX.v4} : ${SHORTEST_PREFIX.v6})`;

/** What no Grant opens, and what lives there. A block that holds one of these opens it just as one that lies inside. */
const CLOSED: readonly (readonly [block: string, what: string])[] = [
  ['0.0.0.0/8', 'the machine itself'],
  ['127.0.0.0/8', 'the machine itself'],
  ['169.254.0.0/16', 'the links of each machine and its metadata service'],
  ['224.0.0.0/3', 'groups of machines and reserved addresses'],
  // Also ::1, ::ffff:0:0/96, 64:ff9b::/96 and 64:ff9b:1::/48.
  ['::/8', 'IPv6 addresses that stand for the machine itself or for IPv4'],
  ['2002::/16', 'IPv6 addresses that stand for the machine itself or for IPv4'],
  ['fe80::/10', 'the links of each machine and its metadata service'],
  ['ff00::/8', 'groups of machines and reserved addresses'],
];

/**
 * The metadata services of clouds that stand in the midst of networks that people own, such as a tailnet's 100.64.0.0/10. They
 * can't be named; where a larger network holds one, it is left out (`except`) of what is opened.
 */
export const METADATA_SERVICES = [
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  'fd00:42::42/128',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
] as const;

const overlaps = (block: string): string => `(cidr('${block}').containsCIDR(self) || cidr(self).containsCIDR('${block}'))`;
const isMetadata = METADATA_SERVICES.map((block) => `self == '${block}'`).join(' || ');
const overlapsAny = CLOSED.map(([block]) => overlaps(block)).join(' || ');
/** Written out, since the API server expects texts out of a list to be endless, and refuses the rule for its cost. */
const firstOverlap = CLOSED.reduceRight((others, [block, what]) => `${overlaps(block)} ? '${block}, ${what}' : ${others}`, "'none'");

const NETWORKS: readonly Validation[] = [
  rule(`!${isMapped}`, 'this is an IPv4 network written as IPv6: write it as IPv4, such as 192.0.2.0/24'),
  rule(
    network(`!(${isTooLarge})`),
    `this network is too large to be meant: give a /${SHORTEST_PREFIX.v4} or smaller of IPv4, such as 192.168.1.0/24, or a /${SHORTEST_PREFIX.v6} or smaller of IPv6, such as fd12::/16`,
  ),
  rule(
    network(`${isTooLarge} || string(cidr(self).masked()) == self`),
    'this is not how the network is written: write its first address, in lower case, as in 192.0.2.0/24 or 2001:db8::/32',
  ),
  rule(
    network(`${isTooLarge} || !(${overlapsAny})`),
    `this network overlaps one that is never opened, ${CLOSED.map(([block]) => block).join(', ')}: name networks beside them`,
    {
      messageExpression: `'this network overlaps ' + (${firstOverlap}) + ', which is never opened: name networks beside it'`,
    },
  ),
  rule(network(`!(${isMetadata})`), 'this is the metadata service of a cloud, which is never opened: name networks beside it'),
];

/** What a network must be, one sentence per fault. */
export const CIDR_RULES: readonly Validation[] = [
  rule(`isCIDR(self) || ${isMapped}`, 'a network is a CIDR such as 192.0.2.0/24 or 2001:db8::/32'),
  ...NETWORKS,
];

/** What a destination must be: a network or a realm. */
export const DESTINATION_RULES: readonly Validation[] = [
  rule(
    `${isRealm} || isCIDR(self) || ${isMapped}`,
    'a destination is a CIDR such as 192.0.2.0/24 or 2001:db8::/32, or a realm such as realm:carol',
  ),
  ...NETWORKS,
];
