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

const NETWORKS: readonly Validation[] = [
  rule(`!${isMapped}`, 'this is an IPv4 network written as IPv6: write it as IPv4, such as 192.0.2.0/24'),
  rule(
    network('cidr(self).prefixLength() > 0'),
    'this is every address there is, also those of the cluster itself: name the networks that are needed',
  ),
  rule(
    network('cidr(self).prefixLength() == 0 || string(cidr(self).masked()) == self'),
    'this is not how the network is written: write its first address, in lower case, as in 192.0.2.0/24 or 2001:db8::/32',
  ),
  rule(
    network(
      'cidr(self).prefixLength() == 0 || !(cidr(self).ip().isLoopback() || cidr(self).ip().isLinkLocalUnicast() || cidr(self).ip().isLinkLocalMulticast())',
    ),
    'this network is a different one on every machine, such as its metadata service: it is never opened',
  ),
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
