import { expect } from 'chai';
import { attempt, SetupError } from '../../hack/testbed/steps.ts';
import { docker } from './container.ts';
import { createRealmNetwork, rangesFor } from './realm-network.ts';
import { shownByIp } from './routes.ts';

const numbers = (first: number, last: number): readonly number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const ALL = numbers(100, 199);

describe('the range of a realm', () => {
  const cases: readonly { name: string; routes: readonly string[]; never?: readonly number[]; last?: readonly number[] }[] = [
    { name: 'no route', routes: [] },
    { name: 'the default route', routes: ['default', '0.0.0.0/0'] },
    { name: 'the two halves of everything, as VPNs write it', routes: ['0.0.0.0/1', '128.0.0.0/1'] },
    { name: 'a route to 10.100.0.0/16', routes: ['10.100.0.0/16'], never: [100] },
    { name: 'a route to 10.101.7.0/24', routes: ['10.101.7.0/24'], never: [101] },
    { name: 'a route to 10.199.255.9 alone', routes: ['10.199.255.9'], never: [199] },
    { name: 'a route to 192.168.0.0/16', routes: ['192.168.0.0/16'] },
    { name: 'a route to 10.128.0.0/9', routes: ['10.128.0.0/9'], last: numbers(128, 199) },
    { name: 'routes to 10.198.0.0/15 and in it', routes: ['10.198.0.0/15', '10.198.1.0/24'], never: [198], last: [199] },
    { name: 'a route to 10.0.0.0/8', routes: ['10.0.0.0/8'], last: ALL },
    { name: 'a route to 8.0.0.0/5', routes: ['8.0.0.0/5', '10.100.0.0/16'], never: [100], last: numbers(101, 199) },
  ];
  for (const { name, routes, never = [], last = [] } of cases)
    it(`with ${name} is one that nobody uses, and that only a wider route covers if there is no other`, () => {
      const ranges = rangesFor(shownByIp(routes.join('\n')), 42);
      expect([...ranges, ...never].toSorted((a, b) => a - b)).to.deep.equal(ALL);
      expect(ranges.slice(ranges.length - last.length).toSorted((a, b) => a - b)).to.deep.equal(last);
    });

  it('is made where only a wider route covers it', async () => {
    const name = `keystone-covered-${process.pid}`;
    const { podRange } = await createRealmNetwork(name, {}, () => shownByIp('10.0.0.0/8'));
    await (await docker()).getNetwork(name).remove();
    expect(podRange).to.match(/^10\.1\d\d\.0\.0\/17$/);
  });

  it('is missed in one sentence where all are used, and nothing is made', async () => {
    const name = `keystone-busy-${process.pid}`;
    const refusal: unknown = await createRealmNetwork(name, {}, () =>
      shownByIp(ALL.map((second) => `10.${second}.0.0/16`).join('\n')),
    ).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(SetupError);
    expect(String(refusal))
      .to.match(/10\.100\.0\.0\/16 to 10\.199\.0\.0\/16 are in use.*free one of them/)
      .and.not.include('\n');
    expect(attempt('docker', 'network', 'ls', '--quiet', '--filter', `name=${name}`)).to.deep.equal({ ok: true, output: '' });
  });
});
