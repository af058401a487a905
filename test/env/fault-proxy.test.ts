import { expect } from 'chai';
import { type Api, connect } from './api.ts';
import { eventually } from './eventually.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { api, controlPlane } from './hooks.ts';
import { kubectl } from './kubectl.ts';
import { useNamespace } from './namespace.ts';
import { openWatch, type Watch } from './watch.ts';

describe('the fault proxy', () => {
  const namespace = useNamespace(api);
  const configMaps = (): string => `/api/v1/namespaces/${namespace()}/configmaps`;
  const create = (name: string): Promise<unknown> => api().call('POST', configMaps(), { body: { metadata: { name } } });
  const opened: Watch[] = [];
  let proxy: FaultProxy;
  let through: Api;

  const watch = async (): Promise<Watch> => {
    const fresh = await openWatch(
      { server: proxy.url },
      `${configMaps()}?watch=1&resourceVersion=0&fieldSelector=metadata.name!=kube-root-ca.crt`,
    );
    opened.push(fresh);
    return fresh;
  };
  const names = (of: Watch): readonly unknown[] =>
    of.events().map(({ object }) => (object['metadata'] as { name: string } | undefined)?.name);

  beforeEach(async () => {
    proxy = await startFaultProxy(controlPlane());
    through = connect({ server: proxy.url, ca: '', cert: '', key: '' });
  });
  afterEach(async () => {
    for (const { close } of opened.splice(0)) close();
    await through.close();
    await proxy.stop();
  });

  it('passes calls, watches and kubectl on while no fault is laid, and counts them', async () => {
    const seen = await watch();
    await through.call('POST', configMaps(), { body: { metadata: { name: 'passed' } } });
    await eventually(() => expect(names(seen)).to.deep.equal(['passed']));
    const listed = await kubectl(proxy.kubeconfigPath, ['get', 'configmap', 'passed', '-n', namespace(), '-o', 'name']);
    expect(listed).to.deep.equal({ code: 0, stdout: 'configmap/passed\n', stderr: '' });
    expect(proxy.requests({ watch: true })).to.have.length(1);
    expect(proxy.requests({ method: 'POST', path: configMaps() })).to.have.length(1);
    expect(proxy.open()).to.deep.equal({ downstream: 2, upstream: 2, watches: 1 });
  });

  it('speaks as the one it is told to', async () => {
    const asGuest = await startFaultProxy(controlPlane(), { as: 'guest' });
    const guest = connect({ server: asGuest.url, ca: '', cert: '', key: '' });
    expect(await guest.call('GET', configMaps())).to.nested.include({ status: 403 });
    await guest.close();
    await asGuest.stop();
  });

  it('cuts an event in the middle and breaks the connection', async () => {
    const seen = await watch();
    const fault = proxy.cutMidEvent({}, 20);
    await create('cut');
    await eventually(() => expect(seen.state()).to.equal('broken'));
    expect(seen.text()).to.equal('{"type":"ADDED","obj');
    expect(fault.hits()).to.equal(1);
    await eventually(() => expect(proxy.open()).to.include({ watches: 0, upstream: 0 }));
  });

  it('refuses as often as it is told to, and only what it is told to', async () => {
    proxy.answer({ path: configMaps() }, 429, { times: 2, retryAfterSeconds: 7 });
    const answers = [];
    for (let i = 0; i < 3; i += 1) answers.push((await through.call('GET', configMaps())).status);
    expect(answers).to.deep.equal([429, 429, 200]);
    proxy.answer({ watch: true }, 410);
    expect((await watch()).status).to.equal(410);
    expect((await watch()).status).to.equal(200);
  });

  it('injects garbage into a watch that then goes on', async () => {
    const seen = await watch();
    expect(proxy.inject({}, '{"type":"ADDED","object":{"kind":')).to.equal(1);
    await create('after');
    await eventually(() => expect(names(seen)).to.deep.equal(['after']));
    expect(seen.text()).to.match(/^\{"type":"ADDED","object":\{"kind":\n/);
  });

  it('expires a watch with an ERROR event 410 and a clean end', async () => {
    const seen = await watch();
    expect(proxy.expire({ path: configMaps() })).to.equal(1);
    await eventually(() => expect(seen.state()).to.equal('ended'));
    expect(seen.events()).to.have.length(1).and.to.have.nested.property('[0].object.code', 410);
  });

  it('drops the watches it is told to and no others', async () => {
    const [seen, other] = [await watch(), await openWatch({ server: proxy.url }, '/api/v1/nodes?watch=1')];
    opened.push(other);
    expect(proxy.drop({ path: configMaps() })).to.equal(1);
    await eventually(() => expect(seen.state()).to.equal('broken'));
    expect(other.state()).to.equal('open');
  });

  it('holds everything back in silence, then lets it through', async () => {
    const seen = await watch();
    const release = proxy.hold({ path: configMaps() });
    await create('held');
    const late = through.call('GET', configMaps());
    expect(await Promise.race([late, api().call('GET', '/readyz')])).to.deep.equal({ status: 200, body: 'ok' });
    expect(seen).to.satisfy(() => seen.state() === 'open' && seen.text() === '');
    release();
    await eventually(() => expect(names(seen)).to.deep.equal(['held']));
    expect((await late).status).to.equal(200);
  });

  it('swallows one event on a connection that stays healthy', async () => {
    const seen = await watch();
    const fault = proxy.swallow({}, ({ type, object }) => type === 'ADDED' && object.metadata?.name === 'lost');
    await create('lost');
    await create('kept');
    await eventually(() => expect(names(seen)).to.deep.equal(['kept']));
    expect(fault.hits()).to.equal(1);
    expect(seen.state()).to.equal('open');
  });
});
