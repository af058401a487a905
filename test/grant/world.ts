import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { grantSchema, type Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { grantController } from '../../controllers/grant/controller.ts';
import type { Controller } from '../../controllers/runtime/controller.ts';
import type { Transport } from '../../controllers/runtime/transport.ts';
import { runEngine, type EngineOptions, type RunningEngine } from '../env/engine.ts';
import { eventually, later } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { createNamespace, deleteNamespace } from '../env/namespace.ts';
import { installOperator } from '../env/operator.ts';
import { judge } from '../env/judge.ts';
import { ok } from '../env/api.ts';
import { onlyIn } from '../env/only-in.ts';
import { carry, foundRealm } from './realm.ts';

type Spec = Grant['spec'];
type WrittenSpec = { readonly [K in keyof Spec]?: unknown };

const LOCAL = '/apis/guildnet.io/v1alpha1/clusterregistrations/local';
const MERGE = { contentType: 'application/merge-patch+json' };

/** What a test of Grants needs: a realm alice-home with something to lend, a namespace for its Grants, engines that are judged and stopped. */
export interface GrantWorld {
  readonly namespace: string;
  readonly userAgent: string;
  run(options?: Partial<EngineOptions> & { readonly controllers?: readonly Controller[] }): Promise<RunningEngine>;
  /** Says what the nodes of this realm can carry. */
  carry(allocatable: Record<string, string>): Promise<void>;
  create(name: string, spec?: WrittenSpec): Promise<Grant>;
  change(name: string, spec: WrittenSpec): Promise<void>;
  get(name: string): Promise<Grant | undefined>;
  remove(name: string): Promise<void>;
  /** Resolves once the reason of a condition is this; `Ready` if none is named. */
  because(name: string, reason: string, type?: string): Promise<Grant>;
  /** The names of the namespaces that are slices of Grants of this world. */
  slices(): Promise<readonly string[]>;
}

/** Gives every test of the surrounding describe() such a world. */
export function useGrants(): GrantWorld {
  let state = { namespace: '', userAgent: '' };
  let engines: RunningEngine[] = [];
  let kubeconfig = '';
  const clearing: Promise<void>[] = [];
  const path = (name = '') => `/apis/keystone.io/v1alpha1/namespaces/${state.namespace}/grants/${name}`.replace(/\/$/, '');

  before(async () => {
    // With the operator's own account: its rights and what confines it are tested along.
    ({ kubeconfig } = await installOperator(controlPlane()));
  });
  beforeEach(async () => {
    state = { namespace: await createNamespace(api()), userAgent: `keystone-operator/${randomUUID()}` };
    engines = [];
    await foundRealm(api());
    await world.carry({ cpu: '8', memory: '32Gi' });
  });
  afterEach(async () => {
    await Promise.all(engines.map((engine) => engine.stop()));
    const { userAgent } = state;
    await judge({ engines, objects: await list(), reasons: grantSchema.reasons, again: () => world.run(), userAgent });
    clearing.push(later(clear(await world.run(), path())));
    await api().call('DELETE', LOCAL);
  });
  after(async () => {
    await Promise.all(clearing.splice(0));
  });
  const list = async (grants = path()): Promise<readonly Grant[]> => ok<{ items: Grant[] }>(await api().call('GET', grants)).items;
  /** Takes seconds, since Kubernetes waits before it empties a namespace; the next test has another one. */
  const clear = async (cleaner: RunningEngine, grants: string, { namespace } = state): Promise<void> => {
    await api().call('DELETE', grants);
    await eventually(async () => expect(await list(grants)).to.deep.equal([]), { withinMs: 50_000 });
    await cleaner.stop();
    await deleteNamespace(api(), namespace);
  };

  const world: GrantWorld = {
    get namespace() {
      return state.namespace;
    },
    get userAgent() {
      return state.userAgent;
    },
    async run({
      controllers = [grantController({ grantNamespaces: [state.namespace], capacityReserve: 0 })],
      wrap = (inner: Transport) => inner,
      ...options
    } = {}) {
      // While this test runs, an engine of the one before still ends what that one lent: they must not serve each other's Grants.
      const own = onlyIn(state.namespace, grantSchema.resource);
      const through = (inner: Transport): Transport => wrap(own(inner));
      const engine = await runEngine(controllers, { kubeconfig, userAgent: state.userAgent, ...options, wrap: through });
      engines.push(engine);
      return engine;
    },
    carry: (allocatable) => carry(api(), allocatable),
    async create(name, spec = {}) {
      const body = {
        apiVersion: 'keystone.io/v1alpha1',
        kind: 'Grant',
        metadata: { name },
        spec: { grantorRealm: 'alice-home', granteeRealm: 'bob-home', ...spec },
      };
      return ok(await api().call('POST', path(), { body }));
    },
    async change(name, spec) {
      ok(await api().call('PATCH', path(name), { ...MERGE, body: { spec } }));
    },
    async get(name) {
      const answer = await api().call('GET', path(name));
      return answer.status === 404 ? undefined : ok<Grant>(answer);
    },
    async remove(name) {
      await api().call('DELETE', path(name));
    },
    because: (name, reason, type = 'Ready') =>
      eventually(
        async () => {
          const grant = await world.get(name);
          const found = grant?.status?.conditions?.find((condition) => condition.type === type);
          expect(found, JSON.stringify(grant?.status?.conditions)).to.include({ reason, observedGeneration: grant?.metadata.generation });
          return grant ?? expect.fail('unreachable');
        },
        { withinMs: 60_000 },
      ),
    async slices() {
      const all = ok<{ items: { metadata: { name: string; labels: Record<string, string> } }[] }>(
        await api().call('GET', '/api/v1/namespaces?labelSelector=keystone.io/slice'),
      );
      const mine = new Set((await list()).map(({ metadata }) => metadata.uid));
      return all.items.filter(({ metadata }) => mine.has(metadata.labels['keystone.io/slice'] ?? '')).map(({ metadata }) => metadata.name);
    },
  };
  return world;
}
