import { expect } from 'chai';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import type { PersistentVolume } from '../../api/meta/builtin.ts';
import { ok } from '../env/api.ts';
import { api } from '../env/hooks.ts';
import { carry } from '../grant/realm.ts';
import { ROOM, type GrantStage } from './grants.ts';
import type { Step } from './scenario.ts';

type GrantStep = Step<GrantStage>;

/** Throws unless a condition of the Grant says this of what it asks for now. */
async function expectReason(stage: GrantStage, name: string, type: string, reason: string): Promise<Grant> {
  const grant = await stage.get(name);
  const found = grant?.status?.conditions?.find((condition) => condition.type === type);
  expect(found, JSON.stringify(grant?.status)).to.include({ reason, observedGeneration: grant?.metadata.generation });
  return grant ?? expect.fail('unreachable');
}

const STORAGE = { 'requests.storage': '1Gi', 'fast.storageclass.storage.k8s.io/requests.storage': '1Gi' };
const lent = (cpu: string) => ({ hard: { 'requests.cpu': cpu, 'requests.memory': '1Gi', ...STORAGE } });

/** A Grant lends so many CPUs from now on: made, or changed. `more` goes into its spec besides. */
export const lends = (cpu: string, name = 'g', more: object = {}): GrantStep => ({
  name: `${name} lends ${cpu}`,
  act: (stage) => stage.put(name, { ...lent(cpu), ...more }),
  async until(stage) {
    const { status, metadata } = await expectReason(stage, name, 'Usable', 'InForce');
    const quota = await api().call('GET', `/api/v1/namespaces/${status?.namespace}/resourcequotas/grant`);
    expect(ok<{ status?: { hard?: object } }>(quota).status?.hard).to.include({ 'requests.cpu': cpu });
    const slices = (await stage.slices()).filter(({ metadata: { labels } }) => labels?.['keystone.io/slice'] === metadata.uid);
    expect(slices.map((slice) => slice.metadata.name)).to.deep.equal([status?.namespace]);
  },
});

/** The same of one that finds no room. */
export const findsNoRoom = (cpu: string, name: string): GrantStep => ({
  name: `${name} would lend ${cpu} and finds no room`,
  act: (stage) => stage.put(name, lent(cpu)),
  until: (stage) => expectReason(stage, name, 'Ready', 'InsufficientCapacity'),
});

/** A Grant is taken back. */
export const isRevoked = (cpu: string, name = 'g'): GrantStep => ({
  name: `${name} is revoked`,
  act: (stage) => stage.put(name, { ...lent(cpu), revoked: true }),
  until: (stage) => expectReason(stage, name, 'Ready', 'Revoked'),
});

/** A Grant is deleted. */
export const isDeleted = (name = 'g'): GrantStep => ({
  name: `${name} is deleted`,
  act: (stage) => stage.remove(name),
  until: async (stage) => expect(await stage.get(name)).to.equal(undefined),
});

/** The owner's clock goes on; nobody does anything. */
const timePasses = (ms: number, until: GrantStep['until'], what: string): GrantStep => {
  const leapt = new WeakSet<GrantStage>();
  return {
    name: what,
    async act(stage) {
      if (!leapt.has(stage)) stage.clock.leap(ms);
      leapt.add(stage);
    },
    until,
  };
};

/** Near enough that no watch is taken for dead when the clock leaps there, and far enough for any step on the way. */
const SOON_MS = 100_000;
const soon = (stage: GrantStage): string => new Date(stage.clock.date().getTime() + SOON_MS).toISOString().replace(/\.\d+/, '');

/** Lends for a while only. */
export const lendsForAWhile = (cpu: string, name = 'g'): GrantStep => ({
  ...lends(cpu, name),
  name: `${name} lends ${cpu} for a while`,
  act: (stage) => stage.put(name, { ...lent(cpu), validity: { validUntil: soon(stage) } }),
});

/** Its time is over. */
export const expires = (name = 'g'): GrantStep =>
  timePasses(SOON_MS, (stage) => expectReason(stage, name, 'Ready', 'Expired'), `the time of ${name} is over`);

/** Will lend later on. */
export const willLend = (cpu: string, name: string): GrantStep => ({
  name: `${name} will lend ${cpu} later`,
  act: (stage) => stage.put(name, { ...lent(cpu), validity: { validFrom: soon(stage) } }),
  until: (stage) => expectReason(stage, name, 'Ready', 'NotYetValid'),
});

/** Its time comes, and there is no room. */
export const comesTooLate = (name: string): GrantStep =>
  timePasses(
    SOON_MS,
    (stage) => expectReason(stage, name, 'Ready', 'InsufficientCapacity'),
    `the time of ${name} comes, and there is no room`,
  );

/** One is deleted, and what it leaves goes to another. */
export const makesRoomFor = (other: string, cpu: string, name: string): GrantStep => ({
  name: `${name} is deleted and makes room for ${other}`,
  act: (stage) => stage.remove(name),
  async until(stage) {
    expect(await stage.get(name)).to.equal(undefined);
    await lends(cpu, other).until(stage);
  },
});

/** A guest keeps something on a volume, which must outlive the slice. */
export const guestKeepsData: GrantStep = {
  name: 'the guest keeps data',
  async act(stage) {
    const namespace = (await stage.get('g'))?.status?.namespace ?? '';
    const spec = {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      capacity: { storage: '1Gi' },
      hostPath: { path: '/tmp/data' },
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { namespace, name: 'data' },
    };
    const volume = { metadata: { name: `data-${stage.namespace}` }, spec };
    const claim = { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } };
    const body = { metadata: { name: 'data' }, spec: claim };
    for (const [path, made] of [
      ['/api/v1/persistentvolumes', volume],
      [`/api/v1/namespaces/${namespace}/persistentvolumeclaims`, body],
    ] as const)
      expect((await api().call('POST', path, { body: made })).status).to.be.oneOf([201, 409]);
  },
  until: async (stage) => expect((await volumeOf(stage))?.status?.phase).to.equal('Bound'),
};

/** Its slice is gone and the data is not: a volume that was not marked before its claim went would be lost with it. */
export const dataOutlives: GrantStep = {
  name: 'the data outlives the slice',
  act: () => Promise.resolve(),
  async until(stage) {
    const volume = await volumeOf(stage);
    expect(volume?.status?.phase).to.equal('Released');
    expect(volume?.spec?.persistentVolumeReclaimPolicy).to.equal('Retain');
  },
};

async function volumeOf(stage: GrantStage): Promise<PersistentVolume | undefined> {
  const answer = await api().call('GET', `/api/v1/persistentvolumes/data-${stage.namespace}`);
  return answer.status === 404 ? undefined : ok<PersistentVolume>(answer);
}

/** Others come, or go: this is what the nodes can carry from now on. */
export const nodesCarry = (cpu: string, then?: GrantStep): GrantStep => ({
  name: `the nodes carry ${cpu}`,
  act: () => carry(api(), { ...ROOM, cpu }),
  until: async (stage) => then?.until(stage),
});
