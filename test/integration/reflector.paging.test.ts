import { expect } from 'chai';
import { ConfigMap } from '../../api/meta/builtin.ts';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { createInformer } from '../../controllers/runtime/informer.ts';
import { silentLogger } from '../../controllers/runtime/log.ts';
import { connect, ok, type Api } from '../env/api.ts';
import { startControlPlane, type ControlPlane } from '../env/control-plane.ts';
import { connectTo } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { startFaultProxy } from '../env/fault-proxy.ts';

describe('an API server that does not stream collections', () => {
  let plane: ControlPlane;
  let api: Api;
  before(async () => {
    plane = await startControlPlane({ apiServerArgs: ['--feature-gates=WatchList=false'] });
    api = connect(plane);
  });
  after(async () => {
    await api.close();
    await plane.stop();
  });

  it('is read page by page, and followed from there', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    for (let i = 0; i < 1100; i += 100) {
      const names = Array.from({ length: 100 }, (_, k) => `c${i + k}`);
      await Promise.all(names.map(async (name) => ok(await api.call('POST', path, { body: { metadata: { name } } }))));
    }
    const proxy = await startFaultProxy(plane);
    const transport = connectTo(proxy.kubeconfigPath);
    const informer = createInformer({
      transport,
      clock: systemClock,
      log: silentLogger,
      resource: ConfigMap,
      selection: { namespace: 'default' },
    });
    const stop = new AbortController();
    const ended = informer.run(stop.signal);
    await informer.synced;
    const { items } = ok<{ items: ConfigMap[] }>(await api.call('GET', path));
    expect(informer.size).to.equal(items.length).and.be.above(1100);
    const lists = proxy.requests({ path, watch: false });
    expect(lists.map(({ query }) => query.get('limit'))).to.deep.equal(['500', '500', '500']);
    ok(await api.call('DELETE', `${path}/c7`));
    await eventually(() => expect(informer.get('default/c7')).to.equal(undefined));
    expect(proxy.requests({ path, watch: false }), 'not read again for that').to.have.length(3);
    stop.abort();
    await ended;
    await transport.close();
    await proxy.stop();
  });
});
