import { expect } from 'chai';
import { forbiddenTo, recordWrites } from './audit.ts';
import { eventually } from './eventually.ts';
import { api, controlPlane } from './hooks.ts';
import { fluxStatus } from './kstatus.ts';
import { kubectl } from './kubectl.ts';
import { useNamespace } from './namespace.ts';

describe('the test environment', () => {
  const namespace = useNamespace(api);
  const configMaps = (): string => `/api/v1/namespaces/${namespace()}/configmaps`;

  it('has a control plane that answers as the version we pin', async () => {
    expect(await api().call('GET', '/version')).to.nested.include({ status: 200, 'body.gitVersion': 'v1.35.4' });
  });

  it('runs kubectl with its input and returns how it ended', async () => {
    const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-kubectl' } });
    const { kubeconfigPath } = controlPlane();
    const applied = await kubectl(kubeconfigPath, ['apply', '-n', namespace(), '-f', '-'], { stdin: manifest });
    expect(applied).to.deep.equal({ code: 0, stdout: 'configmap/by-kubectl created\n', stderr: '' });
    expect(await kubectl(kubeconfigPath, ['get', 'configmap', 'nothing'])).to.deep.include({ code: 1, stdout: '' });
  });

  it('collects what has lost its owner, as the controller manager does', async () => {
    const owner = await api().call('POST', configMaps(), { body: { metadata: { name: 'owner' } } });
    const { uid } = (owner.body as { metadata: { uid: string } }).metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
    await api().call('POST', configMaps(), { body: { metadata: { name: 'child', ownerReferences } } });
    await api().call('DELETE', `${configMaps()}/owner`);
    await eventually(async () => expect((await api().call('GET', `${configMaps()}/child`)).status).to.equal(404));
  });

  describe('the audit barrier', () => {
    it('counts exactly the 100 writes of 100, and none before or after', async () => {
      const create = (name: string): Promise<unknown> => api().call('POST', configMaps(), { body: { metadata: { name } } });
      await create('before');
      const recording = await recordWrites(controlPlane(), api(), { namespace: namespace(), resource: 'configmaps' });
      const names = Array.from({ length: 100 }, (_, i) => `during-${i}`);
      await Promise.all(names.map(create));
      const writes = await recording.writes();
      await create('after');
      expect(writes.map(({ name }) => name)).to.have.members(names);
    });

    it('tells writers apart and sees refusals, but no reads', async () => {
      const recording = await recordWrites(controlPlane(), api(), { userAgent: /^somebody\// });
      const somebody = { userAgent: 'somebody/1' };
      await api().call('GET', configMaps(), somebody);
      await api().call('PATCH', `${configMaps()}/missing`, { ...somebody, contentType: 'application/merge-patch+json', body: {} });
      await api().call('DELETE', `${configMaps()}/missing`);
      expect(await recording.writes())
        .to.have.length(1)
        .and.nested.property('[0].code', 404);
    });
  });

  it('knows what somebody lacked the right to write', async () => {
    const { code } = await kubectl(controlPlane().kubeconfigPath, ['create', 'configmap', 'x', '-n', namespace(), '--as=nobody']);
    expect(code).not.to.equal(0);
    await eventually(() => expect(forbiddenTo('kubectl', controlPlane()).join('\n')).to.include(`namespaces/${namespace()}/configmaps`));
  });

  it("judges objects by Flux's library, in the order they were asked for", async () => {
    const object = (status: object, metadata = {}): object => ({
      apiVersion: 'guildnet.io/v1alpha1',
      kind: 'ClusterRegistration',
      metadata: { name: 'local', generation: 1, ...metadata },
      status,
    });
    const condition = (type: string): object => ({
      observedGeneration: 1,
      conditions: [{ type, status: 'True', reason: 'Why', message: 'because' }],
    });
    const verdicts = await Promise.all([
      fluxStatus(object({ observedGeneration: -1 })),
      fluxStatus(object(condition('Ready'))),
      fluxStatus(object(condition('Stalled'))),
      fluxStatus(object(condition('Ready'), { deletionTimestamp: '2026-01-01T00:00:00Z' })),
    ]);
    expect(verdicts.map(({ status }) => status)).to.deep.equal(['InProgress', 'Current', 'Failed', 'Terminating']);
    expect(verdicts[2]).to.include({ message: 'because', reason: 'Why' });
    const refusal = await fluxStatus('no object').catch(String);
    expect(refusal).to.contain('kstatus refuses the object');
  });
});
