import { expect } from 'chai';
import { attempt, SetupError } from '../../hack/testbed/steps.ts';
import { createRealmNetwork, isTaken } from './realm-network.ts';

/** As the kernel writes them: addresses with their last byte first. */
const routes = (...ways: readonly (readonly [destination: string, mask: string])[]): string =>
  ['Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT', ...ways.map(line)].join('\n');
const line = ([destination, mask]: readonly [string, string]): string => `eth0\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0`;

describe('the range of a realm', () => {
  const cases: readonly { name: string; known: string; taken: readonly number[]; free: readonly number[] }[] = [
    { name: 'no route', known: routes(), taken: [], free: [100, 199] },
    { name: 'the default route', known: routes(['00000000', '00000000']), taken: [], free: [100, 199] },
    {
      name: 'the two halves of everything, as VPNs write it',
      known: routes(['00000000', '00000080'], ['00000080', '00000080']),
      taken: [],
      free: [100, 199],
    },
    { name: 'a route to 10.100.0.0/16', known: routes(['0000640A', '0000FFFF']), taken: [100], free: [101, 199] },
    { name: 'a route to 10.101.7.0/24', known: routes(['0007650A', '00FFFFFF']), taken: [101], free: [100, 102] },
    { name: 'a route to 10.199.255.9 alone', known: routes(['09FFC70A', 'FFFFFFFF']), taken: [199], free: [198] },
    { name: 'a route to 10.128.0.0/9', known: routes(['0000800A', '000080FF']), taken: [128, 199], free: [100, 127] },
    { name: 'a route to 10.0.0.0/8', known: routes(['0000000A', '000000FF']), taken: [100, 150, 199], free: [] },
    { name: 'a route to 192.168.0.0/16', known: routes(['0000A8C0', '0000FFFF']), taken: [], free: [100, 168] },
  ];
  for (const { name, known, taken, free } of cases)
    it(`with ${name} is one that nobody uses`, () => {
      for (const second of taken) expect(isTaken(second, known), String(second)).to.equal(true);
      for (const second of free) expect(isTaken(second, known), String(second)).to.equal(false);
    });

  it('is missed in one sentence where all are used, and nothing is made', async () => {
    const name = `keystone-busy-${process.pid}`;
    const busy = routes(['0000000A', '000000FF']);
    const refusal: unknown = await createRealmNetwork(name, {}, () => busy).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(SetupError);
    expect(String(refusal))
      .to.match(/10\.100\.0\.0\/16 to 10\.199\.0\.0\/16 are in use.*free one of them/)
      .and.not.include('\n');
    expect(attempt('docker', 'network', 'ls', '--quiet', '--filter', `name=${name}`)).to.deep.equal({ ok: true, output: '' });
  });
});
