import { expect } from 'chai';
import { ALLOWED_STORAGE_CLASSES } from '../../api/keystone/v1alpha1/grant.slice.ts';
import type { Condition, K8sObject } from '../../api/meta/object.ts';
import { scrape } from '../../controllers/runtime/metrics.ts';
import { ok } from '../env/api.ts';
import { slowWrites } from '../env/disturbances.ts';
import type { RunningEngine } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { api } from '../env/hooks.ts';
import { useGrants } from '../grant/world.ts';

const HARD = { 'requests.cpu': '1', 'requests.memory': '2Gi' };

/** The Usable of each status that was written, in order. */
const usableIn = ({ writes }: RunningEngine): readonly (string | undefined)[] =>
  writes
    .filter(({ path }) => path.endsWith('/status'))
    .map(({ body }) => (body as { status: { conditions: Condition[] } }).status.conditions.find(({ type }) => type === 'Usable')?.status);

describe('a change of what is lent', () => {
  const world = useGrants();

  const inForce = async (hard: object = HARD): Promise<string> => {
    await world.create('g', { hard });
    return (await world.because('g', 'InForce', 'Usable')).status?.namespace ?? '';
  };
  const settled = (cpu: string) =>
    eventually(async () => {
      const grant = await world.because('g', 'InForce');
      expect(grant.status?.summary).to.include({ cpu: `0/${cpu}` });
      return grant;
    });

  it('takes nothing away meanwhile: the slice stays usable through growth and shrink, and no event warns', async () => {
    const first = await world.run();
    await inForce();
    await first.stop();
    const engine = await world.run();
    await world.change('g', { hard: { ...HARD, 'requests.cpu': '3' } });
    await settled('3');
    await world.change('g', { hard: { ...HARD, 'requests.cpu': '500m' } });
    await settled('500m');
    expect(new Set(usableIn(engine))).to.deep.equal(new Set(['True']));
    await engine.stop();
    const events = ok<{ items: { type: string; reason: string }[] }>(
      await api().call('GET', `/apis/events.k8s.io/v1/namespaces/${world.namespace}/events`),
    ).items;
    expect(events.filter(({ type }) => type === 'Warning')).to.deep.equal([]);
  });

  it('opens what has a new name once the quota counts it, and not a moment before', async () => {
    // Time enough between two writes for whoever looks for a gap.
    await world.run({ wrap: slowWrites(200) });
    const lent = { ...HARD, 'requests.storage': '10Gi', 'slow.storageclass.storage.k8s.io/requests.storage': '10Gi' };
    const slice = await inForce(lent);
    const claim = (i: number) => ({
      metadata: { name: `c${i}` },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Mi' } } },
    });
    const ask = async (i: number): Promise<number> =>
      (await api().call('POST', `/api/v1/namespaces/${slice}/persistentvolumeclaims`, { body: claim(i), timeoutMs: 60_000 })).status;
    await world.change('g', { hard: { ...lent, 'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '2' } });
    const change = { done: false };
    const over = world.because('g', 'InForce').then(() => (change.done = true));
    const asked: Promise<number>[] = [];
    // All the while that the change is on its way, and some time after.
    for (let i = 0; !change.done || i < 100; i++) {
      asked.push(ask(i));
      if (i % 8 === 7) await asked.at(-8);
    }
    await over;
    expect((await Promise.all(asked)).filter((status) => status === 201)).to.have.length(2);
  });

  it('lends the default class by itself, but not one whose volumes stay when a guest deletes their claims', async () => {
    await world.run();
    const classes = '/apis/storage.k8s.io/v1/storageclasses';
    const make = async (name: string, reclaimPolicy: string): Promise<unknown> => {
      const metadata = { name, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };
      return ok(await api().call('POST', classes, { body: { metadata, provisioner: 'example.com/disks', reclaimPolicy } }));
    };
    try {
      await make('keeps', 'Retain');
      const slice = await inForce({ ...HARD, 'requests.storage': '1Gi' });
      const opened = async () => {
        const { metadata } = ok<K8sObject>(await api().call('GET', `/api/v1/namespaces/${slice}`));
        return metadata.annotations?.[ALLOWED_STORAGE_CLASSES];
      };
      await world.because('g', 'NoStorageClass', 'StorageAvailable');
      expect(await opened()).to.equal('');
      await make('deletes', 'Delete');
      await eventually(async () => expect(await opened()).to.equal('deletes'));
    } finally {
      for (const name of ['keeps', 'deletes']) await api().call('DELETE', `${classes}/${name}`);
    }
  });

  it('is told to Prometheus as what is lent: nothing for one that waits or is over', async () => {
    const engine = await world.run();
    await inForce();
    await world.create('waits', { hard: { ...HARD, 'requests.cpu': '100' } });
    await world.because('waits', 'InsufficientCapacity');
    const lent = async () =>
      (await scrape(engine.metrics)).split('\n').filter((line) => /^keystone_grant_hard\{.*resource="requests\.cpu"/.test(line));
    expect(await lent()).to.deep.equal([`keystone_grant_hard{grant="${world.namespace}/g",resource="requests.cpu"} 1`]);
    await world.change('g', { revoked: true });
    await world.because('g', 'Revoked');
    expect(await lent()).to.deep.equal([]);
  });
});
