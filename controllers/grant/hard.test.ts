import { expect } from 'chai';
import { allowedResources, allowedStorageClasses, effectiveHard, freeOf, lacked, overused, quotaHard, withFormer } from './hard.ts';

describe('what follows from what is lent by name', () => {
  it('is room for ended Pods, and ports for load balancers; what is named itself stands', () => {
    expect(effectiveHard({ pods: '500' })).to.include({ pods: '500', 'count/pods': '1k' });
    expect(effectiveHard({ pods: '10' })).to.include({ 'count/pods': '200' });
    expect(effectiveHard({ 'services.loadbalancers': '2' })).to.include({ 'services.nodeports': '10' });
    expect(effectiveHard({ pods: '500', 'count/pods': '300' })).to.include({ 'count/pods': '300' });
  });

  it('is as much storage in all as its classes have together, unless less is said', () => {
    const classes = {
      'fast.storageclass.storage.k8s.io/requests.storage': '10Gi',
      'slow.storageclass.storage.k8s.io/requests.storage': '20Gi',
      'slow.storageclass.storage.k8s.io/persistentvolumeclaims': '2',
    };
    expect(effectiveHard(classes)).to.include({ 'requests.storage': '30Gi' });
    expect(effectiveHard({ ...classes, 'requests.storage': '15Gi' })).to.include({ 'requests.storage': '15Gi' });
    expect(effectiveHard({ 'slow.storageclass.storage.k8s.io/persistentvolumeclaims': '2' })).to.include({ 'requests.storage': '0' });
  });
});

describe('what is named no more', () => {
  const hard = effectiveHard({ 'requests.cpu': '1' });
  const [device, storage] = ['requests.intel.com/gpu', 'fast.storageclass.storage.k8s.io/requests.storage'];
  const shows = (enforced: Record<string, string>, used: Record<string, string>) => withFormer(hard, { enforced, used });

  it('is none for as long as it is used or let in, and nothing afterwards', () => {
    expect(shows({ [device]: '0' }, { [device]: '2', 'requests.cpu': '1' })).to.deep.equal({ ...hard, [device]: '0' });
    expect(shows({ [device]: '2' }, { [device]: '0' })).to.deep.equal({ ...hard, [device]: '0' });
    expect(shows({ [device]: '0' }, { [device]: '0' })).to.deep.equal(hard);
  });

  it('closes no storage class, which may be lent without being named', () => {
    expect(shows({ [storage]: '5Gi' }, { [storage]: '1Gi' })).to.deep.equal(hard);
  });
});

describe('the limits that are in force', () => {
  it('T1 · are the documented defaults when nothing is given', () => {
    expect(effectiveHard(undefined)).to.include({
      'requests.cpu': '1',
      'requests.memory': '1Gi',
      'limits.cpu': '2',
      'limits.memory': '2Gi',
      'requests.storage': '10Gi',
      'requests.nvidia.com/gpu': '0',
    });
  });

  const cases: { name: string; given: Record<string, string | number>; want: Record<string, string> }[] = [
    {
      name: 'zero for what is not named',
      given: { 'requests.cpu': '2' },
      want: {
        'requests.memory': '0',
        'limits.memory': '0',
        'requests.storage': '0',
        'requests.nvidia.com/gpu': '0',
        'services.loadbalancers': '0',
      },
    },
    {
      name: 'the request where the limit is not named',
      given: { 'requests.cpu': '2', 'requests.memory': '4Gi' },
      want: { 'limits.cpu': '2', 'limits.memory': '4Gi' },
    },
    { name: 'the limit where it is named', given: { 'requests.cpu': '2', 'limits.cpu': '4' }, want: { 'limits.cpu': '4' } },
    {
      name: 'amounts as the API server writes them',
      given: { 'requests.cpu': '0.5', 'requests.memory': '1024Mi', 'requests.nvidia.com/gpu': 1 },
      want: { 'requests.cpu': '500m', 'requests.memory': '1Gi', 'requests.nvidia.com/gpu': '1' },
    },
    { name: 'a bound on objects that nobody named', given: {}, want: { pods: '100', secrets: '100', 'count/jobs.batch': '100' } },
    { name: 'the bound on objects that was named', given: { pods: 3 }, want: { pods: '3' } },
  ];
  for (const { name, given, want } of cases) it(`T1 · are ${name}`, () => expect(effectiveHard(given)).to.include(want));

  it('FR-003 · leave bandwidth to the gateway: no quota knows it', () => {
    expect(quotaHard(effectiveHard({ 'keystone.io/egress-bandwidth': '200M' }))).not.to.have.property('keystone.io/egress-bandwidth');
  });

  it('name the resources that containers may ask for, and no others', () => {
    const devices = { 'gpu.example.com.deviceclass.resource.k8s.io/devices': 1 };
    expect(allowedResources(effectiveHard({ 'requests.cpu': '1', 'requests.nvidia.com/gpu': 1, ...devices }))).to.deep.equal([
      'cpu',
      'ephemeral-storage',
      'gpu.example.com.deviceclass.resource.k8s.io/devices',
      'nvidia.com/gpu',
    ]);
  });

  const classes = [
    { name: 'none without storage', given: {}, want: [] },
    { name: 'the default one with storage and no class', given: { 'requests.storage': '1Gi' }, want: ['standard'] },
    {
      name: 'none of which nothing is lent, nor any other then',
      given: { 'requests.storage': '1Gi', 'gold.storageclass.storage.k8s.io/requests.storage': '0' },
      want: [],
    },
    {
      name: 'those that are named',
      given: { 'requests.storage': '1Gi', 'fast.storageclass.storage.k8s.io/requests.storage': '1Gi' },
      want: ['fast'],
    },
  ];
  for (const { name, given, want } of classes)
    it(`allow storage classes: ${name}`, () => expect(allowedStorageClasses(effectiveHard(given), 'standard')).to.deep.equal(want));

  it('allow no storage class where the cluster has no default and none was named', () => {
    expect(allowedStorageClasses(effectiveHard({ 'requests.storage': '1Gi' }), undefined)).to.deep.equal([]);
  });

  it('take what Kubernetes puts into every namespace for no excess', () => {
    expect(overused({ configmaps: '0', 'count/serviceaccounts': '0' }, { configmaps: '1', 'count/serviceaccounts': '2' })).to.deep.equal([
      'count/serviceaccounts',
    ]);
  });

  it('tell what every Pod needs and there is none of', () => {
    expect(lacked(effectiveHard({ 'requests.cpu': '1' }))).to.deep.equal(['requests.memory', 'limits.memory']);
    expect(lacked(effectiveHard(undefined))).to.deep.equal([]);
  });

  it('tell what is left, and what is used beyond them', () => {
    const hard = { 'requests.cpu': '2', 'requests.memory': '1Gi' };
    const used = { 'requests.cpu': '2500m', 'requests.memory': '256Mi' };
    expect(freeOf(hard, used)).to.deep.equal({ 'requests.cpu': '0', 'requests.memory': '768Mi' });
    expect(overused(hard, used)).to.deep.equal(['requests.cpu']);
  });
});
