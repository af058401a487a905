import { expect } from 'chai';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { useNamespace } from '../env/namespace.ts';
import { installOperator } from '../env/operator.ts';
import { grant, grantsIn, kubectlWith } from '../grant/schema.ts';

const MERGE = 'application/merge-patch+json';

describe('FR-004 · the policies tell the owner', function () {
  const namespace = useNamespace(api);
  const told = (): string => `${grantsIn(namespace())}/one`;
  const said = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await kubectlWith([...args, '--dry-run=server', '-n', namespace()]);
    expect(code, stderr).to.equal(0);
    return /binding '[a-z-]+': (?<warning>.*)/.exec(stderr)?.groups?.['warning'] ?? stderr;
  };
  const patching = (spec: object): Promise<string> => said('patch', 'grant', 'one', '--type=merge', '-p', JSON.stringify({ spec }));
  const done = async (method: 'POST' | 'PATCH', path: string, body: object): Promise<void> => {
    const { status, body: answer } = await api().call(method, path, { body, ...(method === 'PATCH' ? { contentType: MERGE } : {}) });
    expect([200, 201], JSON.stringify(answer)).to.include(status);
  };

  before(async () => {
    (await installOperator(controlPlane())).remove();
  });
  beforeEach(async () => {
    const hard = { 'requests.cpu': '4', 'requests.memory': '8Gi', 'requests.storage': '100Gi', pods: '10' };
    await done('POST', grantsIn(namespace()), grant({ hard }));
    const status = {
      namespace: 'grant-bob-home-told-1',
      epoch: 0,
      hard: { 'requests.cpu': '4' },
      used: { pods: '3', 'requests.cpu': '3', 'limits.cpu': '3', 'requests.memory': '1Gi', 'requests.storage': '20Gi' },
    };
    await done('PATCH', `${told()}/status`, { status });
    // A policy takes a moment until it holds.
    await eventually(async () => expect(await said('delete', 'grant', 'one')).to.contain('this ends'));
  });

  it('what ends with a Grant that is deleted', async () =>
    expect(await said('delete', 'grant', 'one')).to.equal(
      'this ends 3 pods of bob-home in grant-bob-home-told-1; volumes are kept for 168h',
    ));

  it('what ends when a Grant is to end, or to end earlier', async () => {
    const until = (year: number): object => ({ validity: { validUntil: `${year}-01-01T00:00:00Z` } });
    const ending = /this ends 3 pods of bob-home in grant-bob-home-told-1/;
    expect(await patching(until(2099))).to.match(ending);
    await done('PATCH', told(), { spec: until(2099) });
    expect(await patching(until(2098))).to.match(ending);
    for (const later of [until(2099), until(2100), { validity: { validUntil: '2098-12-31T23:00:00-01:00' } }, { validity: null }])
      expect(await patching(later)).not.to.match(ending);
  });

  it('what ends with a Grant that is revoked', async () => {
    expect(await patching({ revoked: true })).to.contain('this ends 3 pods of bob-home in grant-bob-home-told-1');
    expect(await patching({ revoked: true, revocation: 'Immediate' })).to.contain('this ends 3 pods of bob-home in grant-bob-home-told-1');
  });

  it('what does not end when a Grant shrinks', async () => {
    const message = await patching({ hard: { 'requests.cpu': '2', pods: '1' } });
    expect(message).to.match(
      /^this lends less than is used by bob-home in grant-bob-home-told-1: .*; of 3 pods none ends, and nothing that needs more of these begins until less is used$/,
    );
    // A limit that is not named follows its request.
    for (const part of ['requests.cpu 2 of 3', 'limits.cpu 2 of 3', 'pods 1 of 3']) expect(message).to.contain(part);
    expect(await patching({ hard: { 'requests.cpu': '3500m' } })).to.equal('');
  });

  it('what does not end when a key is removed that has a default', async () => {
    const hard = {
      configmaps: 200,
      'count/daemonsets.apps': 5,
      'services.loadbalancers': 2,
      'requests.ephemeral-storage': '10Gi',
      'gpu.deviceclass.resource.k8s.io/devices': 2,
      secrets: 150,
    };
    const used = {
      configmaps: '120',
      'count/daemonsets.apps': '1',
      'services.loadbalancers': '1',
      'requests.ephemeral-storage': '5Gi',
      'limits.ephemeral-storage': '6Gi',
      'gpu.deviceclass.resource.k8s.io/devices': '1',
      secrets: '99',
    };
    await done('PATCH', told(), { spec: { hard } });
    await done('PATCH', `${told()}/status`, { status: { used } });
    const without = Object.fromEntries(Object.keys(hard).map((key) => [key, null]));
    const message = await patching({ hard: without });
    for (const part of [
      'configmaps 100 of 120',
      'count/daemonsets.apps 0 of 1',
      'services.loadbalancers 0 of 1',
      'requests.ephemeral-storage 2Gi of 5Gi',
      'limits.ephemeral-storage 2Gi of 6Gi',
      'gpu.deviceclass.resource.k8s.io/devices 0 of 1',
    ])
      expect(message).to.contain(part);
    expect(message).not.to.contain('secrets');
  });

  it('nothing of keys that follow from others: the ports of a load balancer, and pods that have ended', async () => {
    await done('PATCH', told(), { spec: { hard: { 'services.loadbalancers': 1, pods: 500 } } });
    await done('PATCH', `${told()}/status`, {
      status: { used: { 'services.nodeports': '2', 'services.loadbalancers': '1', 'count/pods': '250' } },
    });
    expect(await patching({ hard: { 'requests.cpu': '6', pods: 400 } })).to.equal('');
    expect(await patching({ hard: { 'services.loadbalancers': 0 } })).to.contain('services.nodeports 0 of 2');
    expect(await patching({ hard: { 'fast.storageclass.storage.k8s.io/requests.storage': '100Gi' } })).not.to.contain('requests.storage');
  });

  it('what does not end when a Grant is left with the defaults', async () => {
    const message = await patching({ hard: null });
    for (const part of ['requests.cpu 1 of 3', 'limits.cpu 2 of 3', 'requests.storage 10Gi of 20Gi']) expect(message).to.contain(part);
    expect(message).not.to.contain('requests.memory');
  });
});
