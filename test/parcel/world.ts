import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { ConfigMap } from '../../api/meta/builtin.ts';
import type { Infer } from '../../api/meta/schema.ts';
import type { Controller } from '../../controllers/runtime/controller.ts';
import { keyOf } from '../../controllers/runtime/resource.ts';
import { ok, type Answer } from '../env/api.ts';
import { judge } from '../env/judge.ts';
import { runEngine, type EngineOptions, type RunningEngine } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { createNamespace, deleteNamespace } from '../env/namespace.ts';
import { parcelController } from './controller.ts';
import { parcelSchema, type Parcel } from './parcel.ts';

type Spec = Infer<typeof parcelSchema>['spec'];

/** What a test of the engine needs: two namespaces, Parcels in the first, engines that are judged and stopped afterwards. */
export interface ParcelWorld {
  readonly namespace: string;
  readonly elsewhere: string;
  /** The name under which the API server's audit log knows the engines of this test. */
  readonly userAgent: string;
  run(options?: Partial<EngineOptions> & { readonly controllers?: readonly Controller[] }): Promise<RunningEngine>;
  put(name: string, spec: Spec): Promise<Parcel>;
  get(name: string): Promise<Parcel | undefined>;
  /** Resolves with the Parcel once Ready says so about its current generation. */
  settled(name: string, status?: 'True' | 'False', withinMs?: number): Promise<Parcel>;
  remove(name: string): Promise<void>;
  gone(name: string): Promise<void>;
  /** All ConfigMaps that the controller holds in the two namespaces. */
  copies(): Promise<readonly ConfigMap[]>;
}

const PARCELS = '/apis/test.keystone.io/v1alpha1';

/** Gives every test of the surrounding describe() such a world, and holds each to the rules of all: see env/judge.ts. */
export function useParcels(): ParcelWorld {
  let state = { namespace: '', elsewhere: '', userAgent: '' };
  let engines: RunningEngine[] = [];
  const path = (name = '') => `${PARCELS}/namespaces/${state.namespace}/parcels/${name}`.replace(/\/$/, '');

  before(installKind);
  beforeEach(async () => {
    const [namespace, elsewhere] = await Promise.all([createNamespace(api()), createNamespace(api())]);
    state = { namespace, elsewhere, userAgent: `keystone-operator/${randomUUID()}` };
    engines = [];
  });
  afterEach(async function judged() {
    await Promise.all(engines.map((engine) => engine.stop()));
    await judgeParcels(world, engines);
    await clearOut(world);
  });

  const world: ParcelWorld = {
    get namespace() {
      return state.namespace;
    },
    get elsewhere() {
      return state.elsewhere;
    },
    get userAgent() {
      return state.userAgent;
    },
    async run({ controllers = [parcelController], ...options } = {}) {
      const engine = await runEngine(controllers, { kubeconfig: controlPlane().kubeconfigPath, userAgent: state.userAgent, ...options });
      engines.push(engine);
      return engine;
    },
    async put(name, spec) {
      const body = { apiVersion: 'test.keystone.io/v1alpha1', kind: 'Parcel', metadata: { name }, spec };
      return ok(
        await api().call('PATCH', `${path(name)}?fieldManager=a-user&force=true`, { body, contentType: 'application/apply-patch+yaml' }),
      );
    },
    async get(name) {
      const answer = await api().call('GET', path(name));
      return answer.status === 404 ? undefined : ok<Parcel>(answer);
    },
    settled: (name, status = 'True', withinMs = 10_000) =>
      eventually(
        async () => {
          const parcel = await world.get(name);
          const ready = parcel?.status?.conditions?.find(({ type }) => type === 'Ready');
          expect(ready, JSON.stringify(parcel?.status)).to.include({ status, observedGeneration: parcel?.metadata.generation });
          return parcel ?? expect.fail('unreachable');
        },
        { withinMs },
      ),
    async remove(name) {
      await api().call('DELETE', path(name));
    },
    gone: (name) => eventually(async () => expect(await world.get(name)).to.equal(undefined)).then(() => undefined),
    async copies() {
      const lists = [state.namespace, state.elsewhere].map((namespace) =>
        api().call('GET', `/api/v1/namespaces/${namespace}/configmaps?labelSelector=keystone.io/controller=parcel`),
      );
      const found = await Promise.all(lists);
      return found.flatMap((answer) => ok<{ items: ConfigMap[] }>(answer).items).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    },
  };
  return world;
}

/** See env/judge.ts; what is left in trouble on purpose goes on trying. */
async function judgeParcels(world: ParcelWorld, engines: readonly RunningEngine[]): Promise<void> {
  const { items } = ok<{ items: Parcel[] }>(await api().call('GET', `${PARCELS}/namespaces/${world.namespace}/parcels`));
  const restless = items.some(({ metadata, spec }) => metadata.deletionTimestamp !== undefined || spec.trouble === 'Transient');
  const again = engines.length === 0 || restless ? undefined : () => world.run();
  const namespaces = [world.namespace, world.elsewhere];
  await judge({ engines, objects: items, again, userAgent: world.userAgent, counts: ({ namespace }) => namespaces.includes(namespace) });
}

/** Namespaces end only when no finalizer holds anything in them. */
async function clearOut(world: ParcelWorld): Promise<void> {
  const { namespace, elsewhere } = world;
  await api().call('DELETE', `${PARCELS}/namespaces/${namespace}/parcels`);
  const list = async () => ok<{ items: Parcel[] }>(await api().call('GET', `${PARCELS}/namespaces/${namespace}/parcels`)).items;
  for (const parcel of await list()) if (parcel.spec.trouble !== undefined) await unstick(parcel);
  if ((await list()).length > 0) {
    const engine = await world.run();
    // Some tests leave fifty behind, on a machine that may have other things to do.
    await eventually(async () => expect(await list()).to.deep.equal([]), { withinMs: 30_000 });
    await engine.stop();
  }
  await Promise.all([namespace, elsewhere].map((name) => deleteNamespace(api(), name)));
}

const unstick = ({ metadata: { namespace, name } }: Parcel): Promise<Answer> =>
  api().call('PATCH', `${PARCELS}/namespaces/${namespace}/parcels/${name}`, {
    body: { spec: { trouble: null } },
    contentType: 'application/merge-patch+json',
  });

async function installKind(): Promise<void> {
  const { manifest } = parcelSchema;
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${manifest.metadata.name}`;
  ok(await api().call('PATCH', `${path}?fieldManager=test`, { body: manifest, contentType: 'application/apply-patch+yaml' }));
  await eventually(async () => expect((await api().call('GET', `${PARCELS}/parcels`)).status).to.equal(200));
}
