import { expect } from 'chai';
import { grant, install, judges, kubectlWith, sentencesOf, tryOut, type Acceptance, type Refusal } from '../grant/schema.ts';

const FINGERPRINT = `SHA256:${'A'.repeat(43)}`;
const CLUSTER = '6f0c1c7e-0d3a-4d26-9d0e-5f6f0c1c7e0d';
const NOTICE = 'noticePeriod is a length of time from 0s to 24h in hours, minutes and seconds, such as 30s, 5m or 1h30m';
const DESTINATION = 'a destination is a CIDR such as 192.0.2.0/24 or 2001:db8::/32, or a realm such as realm:carol';
const MAPPED = 'this is an IPv4 network written as IPv6: write it as IPv4, such as 192.0.2.0/24';
const EVERYWHERE = 'this is every address there is, also those of the cluster itself: name the networks that are needed';
const ON_THE_MACHINE = 'this network is a different one on every machine, such as its metadata service: it is never opened';
const SPELLING = 'this is not how the network is written: write its first address, in lower case, as in 192.0.2.0/24 or 2001:db8::/32';
const NEEDS_EGRESS = 'destinations need egress: set egressAllowed to true, or leave allowedDestinations empty';
const REALM_NAME = 'is the name of a realm: lower-case letters, digits and dashes, at most 63, such as alice-home';

const destination = (name: string, address: string, sentence: string): Refusal => ({
  name: `the destination ${address}: ${name}`,
  spec: { networkPolicy: { egressAllowed: true, allowedDestinations: ['192.0.2.0/24', address] } },
  want: `spec.networkPolicy.allowedDestinations[1]: Invalid value: "${address}": ${sentence}`,
});
const ACCEPTANCES: readonly Acceptance[] = [
  {
    name: 'every form of destination',
    spec: {
      networkPolicy: {
        egressAllowed: true,
        allowedDestinations: ['192.0.2.0/24', '203.0.113.7/32', '2001:db8::/32', 'fd7a:115c:a1e0::/48', '100.64.0.0/10', 'realm:carol'],
      },
    },
  },
  { name: 'egress without destinations', spec: { networkPolicy: { egressAllowed: true } } },
  { name: 'one end of the validity', spec: { validity: { validUntil: '2020-01-01T00:00:00Z' } } },
  { name: 'a validity over years', spec: { validity: { validFrom: '2030-01-01T00:00:00.5+02:00', validUntil: '2040-01-01T00:00:00Z' } } },
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
  destination('everything', '0.0.0.0/0', EVERYWHERE),
  destination('everything in IPv6', '::/0', EVERYWHERE),
  destination('a machine inside a network', '192.0.2.7/24', SPELLING),
  destination('not in lower case', '2001:DB8::/32', SPELLING),
  destination('this very machine', '127.0.0.0/8', ON_THE_MACHINE),
  destination('the metadata service', '169.254.169.254/32', ON_THE_MACHINE),
  destination('the same in IPv6', 'fe80::/10', ON_THE_MACHINE),
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
    want: `spec.grantee.cidrs[0]: Invalid value: "0.0.0.0/0": ${EVERYWHERE}`,
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
  {
    name: 'a day that is no time',
    spec: { validity: { validUntil: '2026-01-01' } },
    want: 'spec.validity.validUntil: Invalid value: "2026-01-01": spec.validity.validUntil in body must be of type date-time: "2026-01-01"',
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
