import { expect } from 'chai';
import { grantSchema, type Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { grantController } from '../../controllers/grant/controller.ts';
import { latchOf, phaseOf } from '../../controllers/grant/policy.ts';
import { OWNER_ANNOTATION } from '../../controllers/runtime/ownership.ts';
import { parseQuantity } from '../../controllers/runtime/quantity.ts';
import { collectionPath } from '../../controllers/runtime/resource.ts';
import { ok } from '../env/api.ts';
import { runEngine, type RunningEngine } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { api } from '../env/hooks.ts';
import { createNamespace, deleteNamespace } from '../env/namespace.ts';
import type { K8sObject } from '../../api/meta/object.ts';
import { listOf } from './list-of.ts';
import { leapingClock } from './clock.ts';
import { onlyIn } from '../env/only-in.ts';
import { newUserAgent, type Stage } from './scenario.ts';

/** A realm that can lend 8 CPUs and the Grants in one namespace of it. */
export interface GrantStage extends Stage {
  readonly namespace: string;
  put(name: string, spec: object): Promise<void>;
  remove(name: string): Promise<void>;
  get(name: string): Promise<Grant | undefined>;
  /** The namespaces that were made for Grants of this stage and are not on their way out. */
  slices(): Promise<readonly K8sObject[]>;
}

/** What the nodes of the realm can carry. */
export const ROOM = { cpu: '8', memory: '32Gi' };

/** What stands in a slice: where it is listed, and its kind. */
const INSIDE = [
  ['/api/v1', 'resourcequotas', 'ResourceQuota'],
  ['/api/v1', 'limitranges', 'LimitRange'],
  ['/apis/networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy'],
] as const;

/** Opens such a stage, with an operator that has its own rights only. */
export async function openGrants(kubeconfig: string): Promise<GrantStage> {
  const namespace = await createNamespace(api());
  const userAgent = newUserAgent();
  const clock = leapingClock();
  const engines: RunningEngine[] = [];
  const volume = `data-${namespace}`;
  const path = (name = '') => `/apis/keystone.io/v1alpha1/namespaces/${namespace}/grants/${name}`.replace(/\/$/, '');
  const grants = (): Promise<readonly Grant[]> => listOf<Grant>(path(), 'Grant');
  const ours = async (): Promise<readonly K8sObject[]> => {
    const all = await listOf('/api/v1/namespaces?labelSelector=keystone.io/slice', 'Namespace');
    return all.filter(({ metadata }) => metadata.annotations?.[OWNER_ANNOTATION]?.startsWith(`Grant ${namespace}/`));
  };
  const stage: GrantStage = {
    namespace,
    userAgent,
    clock,
    ownersPath: collectionPath(grantSchema.resource),
    names: { [namespace]: 'here' },
    judged: { reasons: grantSchema.reasons },
    // What Kubernetes itself makes in a namespace it may count twice, until it counts again minutes later.
    // A claim's version, which its volume keeps, is a number of its own.
    blur: (line) => line.replace(/.*\.(used|free)\.(configmaps|.*serviceaccounts) = .*|.*\.claimRef\.resourceVersion = .*/, ''),
    isIrreversible: ({ resource }) => resource === 'persistentvolumes' || resource === 'grants',
    async run(wrap = (inner) => inner) {
      const controller = grantController({ grantNamespaces: [namespace], capacityReserve: 0 });
      const scoped = onlyIn(namespace, grantSchema.resource);
      const engine = await runEngine([controller], { kubeconfig, userAgent, clock, wrap: (inner) => wrap(scoped(inner)) });
      engines.push(engine);
      return engine;
    },
    owners: grants,
    async objects() {
      const slices = await ours();
      const inside = slices.flatMap(({ metadata: { name } }) =>
        INSIDE.map(([group, plural, kind]) => listOf(`${group}/namespaces/${name}/${plural}`, kind)),
      );
      const volumes = (await listOf('/api/v1/persistentvolumes', 'PersistentVolume')).filter(({ metadata }) => metadata.name === volume);
      return [...(await grants()), ...slices, ...(await Promise.all(inside)).flat(), ...volumes];
    },
    always: {
      path: path(),
      check(all: readonly Grant[]) {
        // What is over frees its room at once, though its slice takes a moment to go.
        const now = clock.date();
        const lent = all
          .filter((grant) => latchOf(grant).admitted && phaseOf(grant, now) === 'Active')
          .reduce((sum, { status }) => sum + (parseQuantity(status?.hard?.['requests.cpu'] ?? '0') ?? 0n), 0n);
        expect(lent <= (parseQuantity(ROOM.cpu) ?? 0n), `${lent} of ${parseQuantity(ROOM.cpu)} CPU lent`).to.equal(true);
      },
    },
    async put(name, spec) {
      const body = {
        apiVersion: 'keystone.io/v1alpha1',
        kind: 'Grant',
        metadata: { name },
        spec: { grantorRealm: 'alice-home', granteeRealm: 'bob-home', ...spec },
      };
      ok(await api().call('PATCH', `${path(name)}?fieldManager=a-user&force=true`, { body, contentType: 'application/apply-patch+yaml' }));
    },
    async remove(name) {
      const { status } = await api().call('DELETE', path(name));
      expect(status).to.be.oneOf([200, 202, 404]);
    },
    async get(name) {
      const answer = await api().call('GET', path(name));
      return answer.status === 404 ? undefined : ok<Grant>(answer);
    },
    slices: async () => (await ours()).filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    async close() {
      await Promise.all(engines.map((engine) => engine.stop()));
      const unscoped = await stage.run();
      await api().call('DELETE', path());
      await eventually(async () => expect(await grants()).to.deep.equal([]), { withinMs: 60_000 });
      await unscoped.stop();
      await api().call('DELETE', `/api/v1/persistentvolumes/${volume}`);
      await deleteNamespace(api(), namespace);
    },
  };
  return stage;
}
