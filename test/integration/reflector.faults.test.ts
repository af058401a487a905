import { expect } from 'chai';
import { ConfigMap } from '../../api/meta/builtin.ts';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { createInformer, type Informer } from '../../controllers/runtime/informer.ts';
import { silentLogger } from '../../controllers/runtime/log.ts';
import { connectTo } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { startFaultProxy, type FaultProxy } from '../env/fault-proxy.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { createNamespace, deleteNamespace } from '../env/namespace.ts';
import { ok } from '../env/api.ts';

/** How long a cache may differ from the world once the world is well again. */
const HEALED_MS = 10_000;
/** How long it waits at most between two tries, of which the next may have been just before. */
const RETRIED_MS = 60_000;

describe('a cache of a real API server (checklist 25)', () => {
  let namespace = '';
  let proxy: FaultProxy;
  let informer: Informer<ConfigMap>;
  let stop: () => Promise<void>;
  /** How often each object, by uid, was told to be gone. */
  const deletions = new Map<string, number>();
  let serial = 0;

  const path = (name = '') => `/api/v1/namespaces/${namespace}/configmaps/${name}`.replace(/\/$/, '');
  const watch = () => ({ path: path(), watch: true });

  before(async () => ({ namespace, proxy } = { namespace: await createNamespace(api()), proxy: await startFaultProxy(controlPlane()) }));
  after(async () => {
    await proxy.stop();
    await deleteNamespace(api(), namespace);
  });
  // A cache of its own for each trouble: what one has gone through makes it more careful.
  beforeEach(async () => {
    const transport = connectTo(proxy.kubeconfigPath);
    informer = createInformer({ transport, clock: systemClock, log: silentLogger, resource: ConfigMap, selection: { namespace } });
    informer.subscribe((change) => {
      if (change.kind === 'deleted') deletions.set(change.previous.metadata.uid, (deletions.get(change.previous.metadata.uid) ?? 0) + 1);
    });
    const stopping = new AbortController();
    const ended = informer.run(stopping.signal);
    stop = async () => {
      stopping.abort();
      await ended;
      await transport.close();
    };
    await informer.synced;
  });
  afterEach(async () => {
    try {
      await eventually(() => expect(proxy.open().watches, 'one watch through it all, and no more').to.equal(1), { withinMs: HEALED_MS });
    } finally {
      await stop();
    }
    await eventually(() => expect(proxy.open().watches, 'and none once it is stopped').to.equal(0));
  });

  const create = async (name: string, data: Record<string, string> = {}): Promise<ConfigMap> =>
    ok(await api().call('POST', path(), { body: { metadata: { name }, data } }));
  const change = (name: string) =>
    api().call('PATCH', path(name), { body: { data: { at: String(++serial) } }, contentType: 'application/merge-patch+json' });

  /** Some objects before the trouble; of these one is changed and one deleted while it lasts, and one is made anew under its name. */
  async function population(): Promise<{ readonly gone: readonly ConfigMap[]; readonly stir: () => Promise<void> }> {
    const id = ++serial;
    const [changed, deleted, anew] = await Promise.all([create(`changed-${id}`), create(`deleted-${id}`), create(`anew-${id}`)]);
    await eventually(() =>
      expect([changed, deleted, anew].map((o) => informer.get(`${namespace}/${o.metadata.name}`)?.metadata.uid)).to.not.include(undefined),
    );
    const stir = async () => {
      await change(changed.metadata.name);
      for (const { metadata } of [deleted, anew]) ok(await api().call('DELETE', path(metadata.name)));
      await create(anew.metadata.name);
      await create(`fresh-${id}`);
    };
    return { gone: [deleted, anew], stir };
  }

  /** Within the time allowed the cache equals a live list, and what is gone was told exactly once. */
  async function expectHealed(gone: readonly ConfigMap[]): Promise<number> {
    const since = performance.now();
    await eventually(
      async () => {
        const { items } = ok<{ items: ConfigMap[] }>(await api().call('GET', path()));
        const versions = (objects: readonly ConfigMap[]) =>
          objects.map(({ metadata: m }) => `${m.name} ${m.uid} ${m.resourceVersion}`).toSorted();
        expect(versions(informer.list())).to.deep.equal(versions(items));
      },
      { withinMs: HEALED_MS },
    );
    const took = performance.now() - since;
    expect(
      gone.map(({ metadata }) => deletions.get(metadata.uid)),
      'each deletion told once',
    ).to.deep.equal(gone.map(() => 1));
    return took;
  }

  const paused = process.env['TEST_FULL'] === undefined ? 20_000 : 60_000;
  const faults: { name: string; disturb: (stir: () => Promise<void>) => Promise<void> }[] = [
    {
      name: 'an API server that was killed',
      disturb: async (stir) => {
        await stir();
        await controlPlane().signal('kube-apiserver', 'KILL');
        await controlPlane().ready();
        await eventually(() => expect(proxy.open().watches).to.equal(1), { withinMs: RETRIED_MS });
      },
    },
    {
      name: 'an API server that was killed while the watch was away',
      disturb: async (stir) => {
        const release = proxy.hold(watch());
        await controlPlane().signal('kube-apiserver', 'KILL');
        await controlPlane().ready();
        await stir();
        proxy.drop(watch());
        release();
      },
    },
    {
      name: `an API server that stood still for ${paused / 1000} s`,
      disturb: async (stir) => {
        await stir();
        await controlPlane().signal('kube-apiserver', 'STOP');
        await new Promise((resolve) => setTimeout(resolve, paused));
        await controlPlane().signal('kube-apiserver', 'CONT');
        await controlPlane().ready();
      },
    },
    {
      name: 'a connection that was cut in the middle of an event',
      disturb: async (stir) => {
        const cut = proxy.cutMidEvent(watch(), 100);
        await stir();
        await eventually(() => expect(cut.hits()).to.equal(1));
      },
    },
    {
      name: 'a connection that was reset, again and again',
      disturb: async (stir) => {
        for (let i = 0; i < 3; i++) {
          await eventually(() => expect(proxy.drop(watch())).to.equal(1));
          if (i === 0) await stir();
        }
      },
    },
    {
      name: 'a history that was forgotten (410) while the watch was away',
      disturb: async (stir) => {
        const lists = () => proxy.requests(watch()).filter(({ query }) => query.has('sendInitialEvents')).length;
        const before = lists();
        const refused = proxy.answer(watch(), 503, { times: 1000 });
        proxy.drop(watch());
        await stir();
        await controlPlane().compact();
        refused.remove();
        // However long the API server took to come back, the reflector waits no longer than 30 s before it asks again.
        await eventually(() => expect(lists(), 'read anew').to.be.above(before), { withinMs: 40_000 });
      },
    },
    {
      name: 'a watch that was told it is too old (ERROR 410)',
      disturb: async (stir) => {
        expect(proxy.expire(watch())).to.equal(1);
        await stir();
      },
    },
    {
      name: 'an API server that asks to come back later (429, Retry-After)',
      disturb: async (stir) => {
        const refused = proxy.answer(watch(), 429, { times: 2, retryAfterSeconds: 2 });
        proxy.drop(watch());
        await stir();
        await eventually(() => expect(refused.hits()).to.equal(2));
        const [first = 0, second = 0] = proxy
          .requests(watch())
          .slice(-2)
          .map(({ at }) => at);
        expect(second - first, 'it waits as long as it was asked to').to.be.at.least(1990);
      },
    },
    {
      name: 'a line of garbage',
      disturb: async (stir) => {
        expect(proxy.inject(watch(), '<html>502 Bad Gateway</html>')).to.equal(1);
        await stir();
      },
    },
    {
      name: 'a line of the wrong JSON',
      disturb: async (stir) => {
        expect(proxy.inject(watch(), '{"type":"MODIFIED","object":null}')).to.equal(1);
        await stir();
      },
    },
    {
      name: 'an object of more than 2 MB on the wire, written again and again',
      disturb: async (stir) => {
        // JSON writes each of these as six bytes, etcd as one: no larger object fits into either.
        const name = `large-${serial}`;
        await create(name, { blob: '<'.repeat(400_000) });
        for (let i = 0; i < 3; i++) await change(name);
        await stir();
      },
    },
  ];
  for (const { name, disturb } of faults) {
    it(`survives ${name}`, async () => {
      const { gone, stir } = await population();
      await disturb(stir);
      const took = await expectHealed(gone);
      console.log(`      equal again after ${(took / 1000).toFixed(1)} s`);
    }).timeout(paused + 60_000);
  }
});
