import { expect } from 'chai';
import { grant, install, judges, kubectlWith, sentencesOf, tryOut, type Acceptance, type Refusal } from '../grant/schema.ts';

const FINGERPRINT = `SHA256:${'A'.repeat(43)}`;
const CLUSTER = '6f0c1c7e-0d3a-4d26-9d0e-5f6f0c1c7e0d';
const NOTICE = 'noticePeriod is a length of time from 0s to 24h in hours, minutes and seconds, such as 30s, 5m or 1h30m';
const DESTINATION = 'a destination is a CIDR such as 192.0.2.0/24 or 2001:db8::/32, or a realm such as realm:carol';
const MAPPED = 'this is an IPv4 network written as IPv6: write it as IPv4, such as 192.0.2.0/24';
const TOO_LARGE =
  'this network is too large to be meant: give a /8 or smaller of IPv4, such as 192.168.1.0/24, or a /16 or smaller of IPv6, such as fd12::/16';
const TIME = 'a time is written as 2030-01-01T00:00:00Z, or with an offset as 2030-01-01T02:00:00+02:00';
const SPELLING = 'this is not how the network is written: write its first address, in lower case, as in 192.0.2.0/24 or 2001:db8::/32';
const NEEDS_EGRESS = 'destinations need egress: set egressAllowed to true, or leave allowedDestinations empty';
const REALM_NAME = 'is the name of a realm: lower-case letters, digits and dashes, at most 63, such as alice-home';

const destination = (name: string, address: string, sentence: string): Refusal => ({
  name: `the destination ${address}: ${name}`,
  spec: { networkPolicy: { egressAllowed: true, allowedDestinations: ['192.0.2.0/24', address] } },
  want: `spec.networkPolicy.allowedDestinations[1]: Invalid value: "${address}": ${sentence}`,
});
const closed = (address: string, block: string, what: string): Refusal =>
  destination(what, address, `this network overlaps ${block}, ${what}, which is never opened: name networks beside it`);
const until = (validUntil: string): Refusal => ({
  name: `the end ${validUntil}`,
  spec: { validity: { validUntil } },
  want: `spec.validity.validUntil: Invalid value: "${validUntil}": ${TIME}`,
});
const MACHINE = 'the machine itself';
const LINK = 'the links of each machine and its metadata service';
const METADATA = 'this is the metadata service of a cloud, which is never opened: name networks beside it';
const GROUPS = 'groups of machines and reserved addresses';
const TRANSLATED = 'IPv6 addresses that stand for the machine itself or for IPv4';
const ACCEPTANCES: readonly Acceptance[] = [
  {
    name: 'every form of destination',
    spec: {
      networkPolicy: {
        egressAllowed: true,
        allowedDestinations: [
          '192.0.2.0/24',
          '203.0.113.7/32',
          '2001:db8::/32',
          'fd7a:115c:a1e0::/48',
          '100.64.0.0/10',
          'fd00:ec2::/32',
          'realm:carol',
        ],
      },
    },
  },
  {
    name: 'the largest networks, and the nearest to what is never opened',
    spec: {
      networkPolicy: {
        egressAllowed: true,
        allowedDestinations: [
          '10.0.0.0/8',
          '126.0.0.0/8',
          '223.0.0.0/8',
          '1.0.0.0/8',
          '169.253.0.0/16',
          '2000::/16',
          'fd00::/32',
          'fc00::/16',
        ],
      },
    },
  },
  { name: 'egress without destinations', spec: { networkPolicy: { egressAllowed: true } } },
  { name: 'one end of the validity', spec: { validity: { validUntil: '2020-01-01T00:00:00Z' } } },
  { name: 'a validity over years', spec: { validity: { validFrom: '2030-01-01T00:00:00.5+02:00', validUntil: '2040-01-01T00:00:00Z' } } },
  ...[
    '2030-01-01T00:00:00.123456789Z',
    '2030-01-01T00:00:00-14:00',
    '2028-02-29T23:59:59+13:59',
    '9999-12-31T23:59:59Z',
    '1000-01-01T00:00:00+14:00',
  ].map((validUntil) => ({ name: `the end ${validUntil}`, spec: { validity: { validUntil } } })),
  {
    name: 'all there is to know of the grantee',
    spec: { grantee: { clusterID: CLUSTER, publicKeyFingerprint: FINGERPRINT, cidrs: ['100.64.0.7/32'] } },
  },
  { name: 'the shortest lengths of time', spec: { noticePeriod: '0s', dataRetention: '0s' } },
  { name: 'the longest lengths of time', spec: { noticePeriod: '24h', dataRetention: '8760h' } },
  { name: 'a length of time in parts', spec: { noticePeriod: '1h30m5s', dataRetention: '90m' } },
];

const REFUSALS: readonly Refusal[] = [
  // Networks.
  destination('an IPv4 network as IPv6', '::ffff:192.0.2.0/120', MAPPED),
  destination('the same in another spelling', '0:0:0:0:0:FFFF:c000:200/120', MAPPED),
  ...['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '10.0.0.0/7', '::/0', '2000::/3', 'fc00::/7', '2000::/15'].map((address) =>
    destination('more than anybody needs', address, TOO_LARGE),
  ),
  destination('a machine inside a network', '192.0.2.7/24', SPELLING),
  destination('not in lower case', '2001:DB8::/32', SPELLING),
  closed('0.0.0.0/8', '0.0.0.0/8', MACHINE),
  closed('0.0.0.0/32', '0.0.0.0/8', MACHINE),
  closed('127.0.0.0/8', '127.0.0.0/8', MACHINE),
  closed('127.0.0.1/32', '127.0.0.0/8', MACHINE),
  closed('169.254.169.254/32', '169.254.0.0/16', LINK),
  closed('169.254.0.0/16', '169.254.0.0/16', LINK),
  closed('169.0.0.0/8', '169.254.0.0/16', LINK),
  destination('a metadata service', '100.100.100.200/32', METADATA),
  closed('224.0.0.0/8', '224.0.0.0/3', GROUPS),
  closed('240.0.0.0/8', '224.0.0.0/3', GROUPS),
  closed('255.255.255.255/32', '224.0.0.0/3', GROUPS),
  closed('::1/128', '::/8', TRANSLATED),
  closed('::/16', '::/8', TRANSLATED),
  closed('::c000:200/120', '::/8', TRANSLATED),
  closed('64:ff9b::/96', '::/8', TRANSLATED),
  closed('64:ff9b:1::/48', '::/8', TRANSLATED),
  closed('2002:a9fe:a9fe::/48', '2002::/16', TRANSLATED),
  destination('a metadata service', 'fd00:ec2::254/128', METADATA),
  closed('fe80::/16', 'fe80::/10', LINK),
  closed('fe80::1/128', 'fe80::/10', LINK),
  closed('ff02::/16', 'ff00::/8', GROUPS),
  destination('no network but an address', '192.0.2.7', DESTINATION),
  destination('a name', 'example.com', DESTINATION),
  destination('no realm', 'realm:Carol Home', DESTINATION),
  destination('a realm without a name', 'realm:', DESTINATION),
  destination('a zone', 'fe80::1%eth0/64', DESTINATION),
  {
    name: 'a destination without egress',
    spec: { networkPolicy: { allowedDestinations: ['192.0.2.0/24'] } },
    want: `spec.networkPolicy.allowedDestinations: Invalid value: ${NEEDS_EGRESS}`,
  },
  {
    name: 'the same destination twice',
    spec: { networkPolicy: { egressAllowed: true, allowedDestinations: ['192.0.2.0/24', '192.0.2.0/24'] } },
    want: 'spec.networkPolicy.allowedDestinations[1]: Duplicate value: "192.0.2.0/24"',
  },
  {
    name: 'more destinations than anybody reads',
    spec: { networkPolicy: { egressAllowed: true, allowedDestinations: Array.from({ length: 65 }, (_, i) => `192.0.2.${i}/32`) } },
    want: 'spec.networkPolicy.allowedDestinations: Too many: 65: must have at most 64 items',
  },
  {
    name: 'a return path that is no network',
    spec: { grantee: { cidrs: ['realm:bob-home'] } },
    want: 'spec.grantee.cidrs[0]: Invalid value: "realm:bob-home": a network is a CIDR such as 192.0.2.0/24 or 2001:db8::/32',
  },
  {
    name: 'a return path to everywhere',
    spec: { grantee: { cidrs: ['0.0.0.0/0'] } },
    want: `spec.grantee.cidrs[0]: Invalid value: "0.0.0.0/0": ${TOO_LARGE}`,
  },
  {
    name: 'a return path to the metadata service',
    spec: { grantee: { cidrs: ['169.254.169.254/32'] } },
    want: `spec.grantee.cidrs[0]: Invalid value: "169.254.169.254/32": this network overlaps 169.254.0.0/16, ${LINK}, which is never opened: name networks beside it`,
  },
  // Times.
  {
    name: 'an end before the start, both past',
    spec: { validity: { validFrom: '2025-01-01T00:00:00Z', validUntil: '2024-01-01T00:00:00Z' } },
    want: 'spec.validity.validUntil: Invalid value: validUntil must be later than validFrom: a Grant that ends before it begins lends nothing',
  },
  {
    name: 'an end that is the start, in another time zone',
    spec: { validity: { validFrom: '2025-01-01T00:00:00Z', validUntil: '2025-01-01T01:00:00+01:00' } },
    want: 'spec.validity.validUntil: Invalid value: validUntil must be later than validFrom: a Grant that ends before it begins lends nothing',
  },
  until('2030-01-01'),
  until('2030-01-01T00:00:00'),
  until('2030-01-01t00:00:00Z'),
  until('2030-01-01T00:00:00z'),
  until('2030-01-01 00:00:00Z'),
  until('2020-01-01T00:00:00,5Z'),
  until('2020-01-01T00:00:00x5Z'),
  until('2020-01-01T00:00:00.Z'),
  until('2020-01-01T00:00:00.1234567890Z'),
  until('2020-01-01T00:00:00+99:99'),
  until('2020-01-01T00:00:00-24:00'),
  until('2020-01-01T00:00:00+14:01'),
  until('2020-01-01T00:00:00+01:60'),
  until('2020-01-01T00:00:00+0100'),
  until('2020-01-01T24:00:00Z'),
  until('2020-01-01T00:60:00Z'),
  until('2016-12-31T23:59:60Z'),
  until('2030-02-29T00:00:00Z'),
  until('2030-13-01T00:00:00Z'),
  until('0000-01-01T00:00:00Z'),
  until('12030-01-01T00:00:00Z'),
  until('9999-12-31T23:59:59-01:00'),
  until('tomorrow'),
  until(''),
  {
    name: 'a start that is no time, and only that',
    spec: { validity: { validFrom: '2030-01-01', validUntil: '2020-01-01T00:00:00Z' } },
    want: `spec.validity.validFrom: Invalid value: "2030-01-01": ${TIME}`,
  },
  {
    name: 'an end before the start by a billionth of a second',
    spec: { validity: { validFrom: '2025-01-01T00:00:00.000000001Z', validUntil: '2025-01-01T00:00:00.00Z' } },
    want: 'spec.validity.validUntil: Invalid value: validUntil must be later than validFrom: a Grant that ends before it begins lends nothing',
  },
  ...['30', '-30s', '1d', '0.5h', '', '30s5m', '25h', '99999999h', '24h1s', 'soon'].map((noticePeriod) => ({
    name: `the notice period "${noticePeriod}"`,
    spec: { noticePeriod },
    want: `spec.noticePeriod: Invalid value: "${noticePeriod}": ${NOTICE}`,
  })),
  {
    name: 'data kept for more than a year',
    spec: { dataRetention: '8761h' },
    want: 'spec.dataRetention: Invalid value: "8761h": dataRetention is a length of time from 0s to 8760h in hours, minutes and seconds, such as 30s, 5m or 1h30m',
  },
  // Names.
  {
    name: 'a loan to oneself',
    spec: { granteeRealm: 'alice-home' },
    want: 'spec.granteeRealm: Invalid value: a realm cannot lend to itself: granteeRealm must differ from grantorRealm',
  },
  {
    name: 'a realm of a name that no realm has',
    spec: { granteeRealm: 'Bob' },
    want: `spec.granteeRealm: Invalid value: "Bob": granteeRealm ${REALM_NAME}`,
  },
  { name: 'no grantee', spec: { granteeRealm: null }, want: 'spec.granteeRealm: Required value' },
  {
    name: 'a cluster that is no uid',
    spec: { grantee: { clusterID: 'bob' } },
    want: 'spec.grantee.clusterID: Invalid value: "bob": clusterID is the uid of the namespace kube-system of the grantee, as its ClusterRegistration local shows it in status.clusterID',
  },
  {
    name: 'a fingerprint of another kind',
    spec: { grantee: { publicKeyFingerprint: 'MD5:00' } },
    want: 'spec.grantee.publicKeyFingerprint: Invalid value: "MD5:00": publicKeyFingerprint is SHA256: and 43 letters, as the ClusterRegistration local of the grantee shows it in status.publicKeyFingerprint',
  },
  {
    name: 'another way to revoke',
    spec: { revocation: 'Later' },
    want: 'spec.revocation: Unsupported value: "Later": supported values: "Graceful", "Immediate"',
  },
];

describe('What a Grant may say', () => {
  before(install);
  judges(ACCEPTANCES, REFUSALS);

  it('refuses 5 MB of destinations before it looks at them', async () => {
    const allowedDestinations = Array.from({ length: 250_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`);
    expect(sentencesOf(await tryOut({ networkPolicy: { egressAllowed: true, allowedDestinations } }))).to.deep.equal([
      'Request entity too large: limit is 3145728',
    ]);
  });

  it('tells all faults at once, and each only once', async () => {
    const stdin = JSON.stringify(
      grant({
        granteeRealm: 'alice-home',
        hard: { 'limits.nvidia.com/gpu': '-0.5', 'requests.cpu': `1${'0'.repeat(30)}`, 'limits.cpu': '1', gpu: 1 },
        networkPolicy: { allowedDestinations: ['::ffff:0:0/0'] },
        noticePeriod: '1d',
      }),
    );
    const { stderr } = await kubectlWith(['create', '--dry-run=server', '-f', '-'], stdin);
    const [head = '', ...told] = stderr.trim().split('\n');
    expect(head.trim()).to.equal('The Grant "one" is invalid:');
    expect(told).to.have.members([
      '* spec.granteeRealm: Invalid value: a realm cannot lend to itself: granteeRealm must differ from grantorRealm',
      '* spec.hard: Invalid value: use requests.nvidia.com/gpu instead of limits.nvidia.com/gpu',
      '* spec.hard: Invalid value: hard has no key gpu: kubectl explain grant.spec.hard lists them',
      '* spec.hard: Invalid value: limits.nvidia.com/gpu is negative: give 0 or more',
      '* spec.hard: Invalid value: requests.cpu is larger than any cluster: give at most 1M',
      `* spec.networkPolicy.allowedDestinations[0]: Invalid value: "::ffff:0:0/0": ${MAPPED}`,
      `* spec.networkPolicy.allowedDestinations: Invalid value: ${NEEDS_EGRESS}`,
      `* spec.noticePeriod: Invalid value: "1d": ${NOTICE}`,
    ]);
  });
});
