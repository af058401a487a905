import { expect } from 'chai';
import type { Controller } from '../../controllers/runtime/controller.ts';
import { ok } from '../env/api.ts';
import { runEngine, type RunningEngine } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { createNamespace, deleteNamespace } from '../env/namespace.ts';
import { parcelController } from '../parcel/controller.ts';
import { parcelSchema, type Parcel } from '../parcel/parcel.ts';
import { leapingClock } from './clock.ts';
import { listOf } from './list-of.ts';
import { onlyIn } from '../env/only-in.ts';
import { newUserAgent, type Stage, type Step } from './scenario.ts';

/** Two namespaces, Parcels in the first. */
export interface ParcelStage extends Stage {
  readonly elsewhere: string;
  put(name: string, spec: Parcel['spec']): Promise<void>;
  remove(name: string): Promise<void>;
  get(name: string): Promise<Parcel | undefined>;
}

const PARCELS = '/apis/test.keystone.io/v1alpha1';
const APPLY = { contentType: 'application/apply-patch+yaml' };

/** Makes the kind known to the API server. */
export async function installParcels(): Promise<void> {
  const { manifest } = parcelSchema;
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${manifest.metadata.name}`;
  ok(await api().call('PATCH', `${path}?fieldManager=test`, { body: manifest, ...APPLY }));
  await eventually(async () => expect((await api().call('GET', `${PARCELS}/parcels`)).status).to.equal(200));
}

/** Opens such a stage, with the real controller or another that stands in for it. */
export async function openParcels(controller: () => Controller = () => parcelController): Promise<ParcelStage> {
  // The status lists them by name.
  const [namespace = '', elsewhere = ''] = (await Promise.all([createNamespace(api()), createNamespace(api())])).toSorted();
  const userAgent = newUserAgent();
  const clock = leapingClock();
  const engines: RunningEngine[] = [];
  const path = (name = '') => `${PARCELS}/namespaces/${namespace}/parcels/${name}`.replace(/\/$/, '');
  const parcels = (): Promise<readonly Parcel[]> => listOf<Parcel>(path(), 'Parcel');
  const stage: ParcelStage = {
    elsewhere,
    userAgent,
    clock,
    ownersPath: `${PARCELS}/parcels`,
    names: { [namespace]: 'here', [elsewhere]: 'there' },
    judged: {},
    isIrreversible: ({ resource }) => resource === 'parcels',
    async run(wrap = (inner) => inner) {
      const scoped = onlyIn(namespace, parcelSchema.resource);
      const options = { kubeconfig: controlPlane().kubeconfigPath, userAgent, clock };
      const engine = await runEngine([controller()], { ...options, wrap: (inner) => wrap(scoped(inner)) });
      engines.push(engine);
      return engine;
    },
    owners: parcels,
    async objects() {
      const copies = [namespace, elsewhere].map((name) =>
        listOf(`/api/v1/namespaces/${name}/configmaps?labelSelector=keystone.io/controller=parcel`, 'ConfigMap'),
      );
      return [...(await parcels()), ...(await Promise.all(copies)).flat()];
    },
    async put(name, spec) {
      const body = { apiVersion: 'test.keystone.io/v1alpha1', kind: 'Parcel', metadata: { name }, spec };
      ok(await api().call('PATCH', `${path(name)}?fieldManager=a-user&force=true`, { body, ...APPLY }));
    },
    async remove(name) {
      const { status } = await api().call('DELETE', path(name));
      expect(status).to.be.oneOf([200, 404]);
    },
    async get(name) {
      const answer = await api().call('GET', path(name));
      return answer.status === 404 ? undefined : ok<Parcel>(answer);
    },
    async close() {
      await Promise.all(engines.map((engine) => engine.stop()));
      const cleaner = await stage.run();
      await api().call('DELETE', path());
      await eventually(async () => expect(await parcels()).to.deep.equal([]), { withinMs: 30_000 });
      await cleaner.stop();
      await Promise.all([namespace, elsewhere].map((name) => deleteNamespace(api(), name)));
    },
  };
  return stage;
}

/** A Parcel keeps a text from now on; `there` says that it does so in two places. */
export const keeps = (
  text: string,
  { note, there = false }: { readonly note?: string; readonly there?: boolean } = {},
): Step<ParcelStage> => ({
  name: `it keeps ${text}${there ? ' in two places' : ''}`,
  act: (stage) => stage.put('p', { text, ...(note === undefined ? {} : { note }), ...(there ? { to: stage.elsewhere } : {}) }),
  async until(stage) {
    const parcel = await stage.get('p');
    const ready = parcel?.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).to.include({ status: 'True', observedGeneration: parcel?.metadata.generation });
  },
});

/** It is deleted, and all that it kept with it. */
export const isRemoved: Step<ParcelStage> = {
  name: 'it is deleted',
  act: (stage) => stage.remove('p'),
  until: async (stage) => expect(await stage.objects()).to.deep.equal([]),
};
