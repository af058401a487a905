import { expect } from 'chai';
import { connect } from './api.ts';
import { eventually } from './eventually.ts';
import { api, controlPlane } from './hooks.ts';
import { useNamespace } from './namespace.ts';
import { openWatch } from './watch.ts';

describe('a control plane under attack', () => {
  const namespace = useNamespace(api);
  const configMaps = (): string => `/api/v1/namespaces/${namespace()}/configmaps`;

  it('says nothing while its API server is paused, and goes on afterwards', async () => {
    await controlPlane().signal('kube-apiserver', 'STOP');
    try {
      const silent = connect(controlPlane());
      const answer = await silent.call('GET', '/readyz', { timeoutMs: 500 }).catch((error: unknown) => error);
      await silent.close();
      expect(answer)
        .to.have.property('name')
        .that.matches(/TimeoutError/);
    } finally {
      await controlPlane().signal('kube-apiserver', 'CONT');
    }
    await controlPlane().ready();
  });

  for (const program of ['kube-apiserver', 'etcd', 'kube-controller-manager'] as const) {
    it(`starts ${program} again when it is killed, and keeps what it knew`, async () => {
      await api().call('POST', configMaps(), { body: { metadata: { name: 'kept' } } });
      await controlPlane().signal(program, 'KILL');
      await controlPlane().ready();
      // A pooled connection may have died with the server; the next call has a new one.
      await eventually(async () => expect((await api().call('GET', `${configMaps()}/kept`)).status).to.equal(200));
      await eventually(() => controlPlane().signal(program, 'CONT'));
    });
  }

  it('answers 410 to a watch from before a compaction', async () => {
    const { body } = await api().call('GET', configMaps());
    const { resourceVersion } = (body as { metadata: { resourceVersion: string } }).metadata;
    await api().call('POST', configMaps(), { body: { metadata: { name: 'newer' } } });
    await controlPlane().compact();
    const watch = await openWatch(controlPlane(), `${configMaps()}?watch=1&resourceVersion=${resourceVersion}`);
    await eventually(() => expect(watch.events()).to.have.nested.property('[0].object.code', 410));
    watch.close();
    const list = await eventually(() => api().call('GET', `${configMaps()}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`));
    expect(list).to.nested.include({ status: 410, 'body.reason': 'Expired' });
  });
});
