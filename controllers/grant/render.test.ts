import { expect } from 'chai';
import { buildGrant } from '../../test/build.ts';
import { effectiveHard } from './hard.ts';
import { renderLimitRange, renderNetworkPolicies } from './render.ts';

describe('the networks that a slice reaches', () => {
  const openFor = (cidr: string) => {
    const networkPolicy = { egressAllowed: true, allowedDestinations: [cidr] };
    const egress = renderNetworkPolicies(buildGrant({ networkPolicy }), 'slice').find(({ metadata }) => metadata.name === 'grant-egress');
    return egress?.spec?.egress?.[0]?.to?.[0]?.ipBlock;
  };
  const cases: { cidr: string; except?: readonly string[] }[] = [
    { cidr: '192.0.2.0/24' },
    { cidr: '100.64.0.0/10', except: ['100.100.100.200/32'] },
    { cidr: '100.64.0.0/11' },
    { cidr: 'fd00::/16', except: ['fd00:42::42/128', 'fd00:ec2::254/128'] },
    { cidr: 'fd12::/16' },
  ];
  for (const { cidr, except } of cases)
    it(`are ${cidr}${except === undefined ? '' : ` without ${except.join()}`}`, () =>
      expect(openFor(cidr)).to.deep.equal({ cidr, ...(except === undefined ? {} : { except }) }));
});

describe('what a container gets that names no limits', () => {
  const limits = (given: Record<string, string>) => renderLimitRange('slice', effectiveHard(given)).spec?.limits?.[0];
  const cases: { name: string; given: Record<string, string>; want: object }[] = [
    {
      name: 'room beyond what it asks for',
      given: { 'requests.cpu': '4', 'requests.memory': '8Gi' },
      want: { cpu: '500m', memory: '512Mi', 'ephemeral-storage': '64Mi' },
    },
    {
      name: 'no more than the slice has',
      given: { 'requests.cpu': '200m', 'requests.memory': '256Mi' },
      want: { cpu: '200m', memory: '256Mi' },
    },
    { name: 'never less than what is asked for in its stead', given: { 'requests.cpu': '10m' }, want: { cpu: '100m', memory: '128Mi' } },
  ];
  for (const { name, given, want } of cases)
    it(`is ${name}`, () => {
      expect(limits(given)?.default).to.include(want);
      expect(limits(given)?.defaultRequest).to.deep.equal({ cpu: '100m', memory: '128Mi', 'ephemeral-storage': '64Mi' });
    });
});
