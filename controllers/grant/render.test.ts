import { expect } from 'chai';
import { buildGrant } from '../../test/build.ts';
import { renderNetworkPolicies } from './render.ts';

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
    { cidr: 'fd00::/16', except: ['fd00:ec2::254/128'] },
    { cidr: 'fd12::/16' },
  ];
  for (const { cidr, except } of cases)
    it(`are ${cidr}${except === undefined ? '' : ` without ${except.join()}`}`, () =>
      expect(openFor(cidr)).to.deep.equal({ cidr, ...(except === undefined ? {} : { except }) }));
});
