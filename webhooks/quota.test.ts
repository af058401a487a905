import { expect } from 'chai';
import type { Review } from '../api/meta/webhook.ts';
import { formatQuantity, styleOf } from '../controllers/runtime/quantity.ts';
import { amountsOf } from './amounts.ts';
import { asked, budgetOf, fitVerdict, makesPods, quotaVerdict, type Budget } from './quota.ts';

const review = (resource: string, operation: string, object: unknown, more: Partial<Review> = {}): Review => ({
  uid: 'u',
  operation,
  group: '',
  resource,
  subResource: '',
  namespace: 'slice',
  name: 'x',
  dryRun: false,
  object,
  oldObject: undefined,
  ...more,
});
const pod = (cpu: string): object => ({ spec: { containers: [{ resources: { requests: { cpu } } }] } });
const claim = (storage: string, spec: object = {}, more: object = {}): object => ({
  spec: { resources: { requests: { storage } }, ...spec },
  ...more,
});
const budget = (hard: object, used: object = {}): Budget => ({ name: 'grant', hard: amountsOf(hard), used: amountsOf(used) });

describe('what a request asks of a quota', () => {
  const fast = { storageClassName: 'fast' };
  const old = { oldObject: claim('1Gi', fast) };
  const cases: { name: string; given: Review; want: Record<string, string> }[] = [
    { name: 'a new Pod', given: review('pods', 'CREATE', pod('1')), want: { pods: '1', 'count/pods': '1', cpu: '1', 'requests.cpu': '1' } },
    { name: 'a Pod that changes', given: review('pods', 'UPDATE', pod('2'), { oldObject: pod('1') }), want: {} },
    {
      name: 'a Pod that grows',
      given: review('pods', 'UPDATE', pod('3'), { subResource: 'resize', oldObject: pod('1') }),
      want: { cpu: '2', 'requests.cpu': '2' },
    },
    { name: 'a Pod that shrinks', given: review('pods', 'UPDATE', pod('1'), { subResource: 'resize', oldObject: pod('3') }), want: {} },
    { name: 'a Pod’s other parts', given: review('pods', 'CREATE', pod('1'), { subResource: 'binding' }), want: {} },
    {
      name: 'a new claim, also of its class',
      given: review('persistentvolumeclaims', 'CREATE', claim('1500m', fast)),
      want: {
        persistentvolumeclaims: '1',
        'count/persistentvolumeclaims': '1',
        'requests.storage': '2',
        'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
        'fast.storageclass.storage.k8s.io/requests.storage': '2',
      },
    },
    {
      name: 'a claim that grows',
      given: review('persistentvolumeclaims', 'UPDATE', claim('3Gi', fast), old),
      want: { 'requests.storage': '2Gi', 'fast.storageclass.storage.k8s.io/requests.storage': '2Gi' },
    },
    {
      name: 'a claim that goes back to what was allocated anyway',
      given: review('persistentvolumeclaims', 'UPDATE', claim('2Gi', {}, { status: { allocatedResources: { storage: '5Gi' } } }), {
        oldObject: claim('5Gi'),
      }),
      want: {},
    },
    {
      name: 'a claim whose annotation overrules its class, also with nothing',
      given: review(
        'persistentvolumeclaims',
        'CREATE',
        claim('1', fast, { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': '' } } }),
      ),
      want: { persistentvolumeclaims: '1', 'count/persistentvolumeclaims': '1', 'requests.storage': '1' },
    },
    { name: 'another kind', given: review('constructor', 'CREATE', pod('1')), want: {} },
    { name: 'a kind of the same name from elsewhere', given: review('pods', 'CREATE', pod('1'), { group: 'example.com' }), want: {} },
    { name: 'no object', given: review('persistentvolumeclaims', 'UPDATE', null, { oldObject: null }), want: {} },
  ];
  for (const { name, given, want } of cases)
    it(name, () =>
      expect(Object.fromEntries([...asked(given)].map(([key, amount]) => [key, formatQuantity(amount, styleOf(key))]))).to.deep.equal(want),
    );
});

describe('the verdict on what is asked of a quota', () => {
  const asking = (object: object, of: Budget) => {
    const given = review('pods', 'CREATE', object);
    return quotaVerdict(given, asked(given), of);
  };

  it('is yes while everything fits, to the last', () => {
    expect(asking(pod('1'), budget({ 'requests.cpu': '3', pods: '5' }, { 'requests.cpu': '2', pods: '4' }))).to.deep.equal({
      allowed: true,
    });
  });

  it('is yes for what the quota does not count, and for what asks for nothing of what is overdrawn', () => {
    expect(asking(pod('0'), budget({ 'requests.cpu': '1' }, { 'requests.cpu': '2' }))).to.deep.equal({ allowed: true });
    expect(asking(pod('9'), budget({ 'requests.memory': '1' }))).to.deep.equal({ allowed: true });
  });

  it('says what stands in the way where the object itself is let in no more', () => {
    expect(asking(pod('1'), budget({ 'requests.cpu': '3', pods: '0' }, { pods: '2' })))
      .to.have.property('message')
      .that.includes('used 2 of 0, free 0: nothing new is let in now, since the Grant is cordoned, ends, or lends none of them');
  });

  it('is no with everything that is beyond, as Kubernetes would say it and with what is free', () => {
    const verdict = asking(pod('2'), budget({ 'requests.cpu': '3', pods: '5', 'limits.cpu': '1' }, { 'requests.cpu': '2500m', pods: '5' }));
    expect(verdict).to.include({ allowed: false, code: 403, reason: 'Forbidden' });
    expect(verdict).to.have.deep.property('causes', [
      { reason: 'QuotaExceeded', field: '', message: 'pods: asked 1, used 5 of 5, free 0' },
      {
        reason: 'QuotaExceeded',
        field: 'spec.containers[*].resources.requests[cpu]',
        message: 'requests.cpu: asked 2, used 2500m of 3, free 500m',
      },
    ]);
    // Tools look for these words.
    expect(verdict)
      .to.have.property('message')
      .that.matches(/^exceeded quota: grant, /);
  });

  it('compares what no float can', () => {
    const most = budget({ 'requests.memory': '9223372036854775807' }, { 'requests.memory': '9223372036854775806' });
    const one = { spec: { containers: [{ resources: { requests: { memory: '1' } } }] } };
    const two = { spec: { containers: [{ resources: { requests: { memory: '2' } } }] } };
    expect([asking(one, most).allowed, asking(two, most).allowed]).to.deep.equal([true, false]);
  });

  it('does not exist while the quota is not in force', () => {
    expect(budgetOf({ metadata: { name: 'grant' }, spec: { hard: { pods: '1' } } })).to.equal(undefined);
    expect(budgetOf(undefined)).to.equal(undefined);
  });
});

describe('the warning about a workload', () => {
  const defaults = { requests: amountsOf({ cpu: '100m' }), limits: amountsOf({}) };
  const template = { template: pod('4') };
  const warningsOf = (group: string, resource: string, object: object, hard: object = { 'requests.cpu': '2', pods: '10' }) => {
    const verdict = fitVerdict(review(resource, 'CREATE', object, { group }), defaults, budget(hard, { pods: '10' }));
    expect(verdict.allowed).to.equal(true);
    return verdict.warnings ?? [];
  };

  it('comes where not one Pod fits into an empty slice', () => {
    for (const [group, resource] of [
      ['apps', 'deployments'],
      ['apps', 'statefulsets'],
      ['batch', 'jobs'],
    ] as const)
      expect(warningsOf(group, resource, { spec: template }), resource).to.have.length(1);
    expect(warningsOf('batch', 'cronjobs', { spec: { jobTemplate: { spec: template } } })).to.have.length(1);
  });

  it('does not come where one fits once there is room, nor about other kinds', () => {
    expect(warningsOf('apps', 'deployments', { spec: template }, { 'requests.cpu': '4', pods: '10' })).to.deep.equal([]);
    expect(warningsOf('apps', 'replicasets', { spec: template })).to.deep.equal([]);
    expect([makesPods(review('jobs', 'CREATE', {}, { group: 'batch' })), makesPods(review('pods', 'CREATE', {}))]).to.deep.equal([
      true,
      false,
    ]);
  });
});
