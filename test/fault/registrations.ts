import { expect } from 'chai';
import { clusterRegistrationSchema, type ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { clusterRegistrationController } from '../../controllers/clusterregistration/controller.ts';
import { ok } from '../env/api.ts';
import { runEngine, type RunningEngine } from '../env/engine.ts';
import { api } from '../env/hooks.ts';
import { OPERATOR_NAMESPACE } from '../env/operator.ts';
import { leapingClock } from './clock.ts';
import { listOf } from './list-of.ts';
import { newUserAgent, type Stage, type Step } from './scenario.ts';

/** A cluster that may become a realm. There is one only, so only one story is told at a time. */
export interface RealmStage extends Stage {
  local(): Promise<ClusterRegistration>;
  /** The public key that peers know; undefined until it was noted. */
  known?: string | undefined;
}

const REGISTRATIONS = '/apis/guildnet.io/v1alpha1/clusterregistrations';
const LOCAL = `${REGISTRATIONS}/local`;
const IDENTITY = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/secrets/keystone-identity`;
const NODE = '/api/v1/nodes/fault-node';
const ALL = [LOCAL, IDENTITY, NODE];

/** Keys are new each time. */
const FINGERPRINT = /SHA256:[A-Za-z0-9+/]+/g;
const PUBLIC_KEY = /"[A-Za-z0-9+/]{43}="/g;
const SECRET_DATA = /(\.data\.[^ ]+) = .*/;

/** Opens that stage: a cluster that is no realm yet. */
export async function openRealm(kubeconfig: string): Promise<RealmStage> {
  await clear();
  const userAgent = newUserAgent();
  const clock = leapingClock();
  const engines: RunningEngine[] = [];
  return {
    userAgent,
    clock,
    ownersPath: REGISTRATIONS,
    names: {},
    judged: { reasons: clusterRegistrationSchema.reasons },
    blur: (line) =>
      line.replaceAll(FINGERPRINT, 'a fingerprint').replaceAll(PUBLIC_KEY, 'a public key').replace(SECRET_DATA, '$1 = something secret'),
    async run(wrap = (inner) => inner) {
      const controller = clusterRegistrationController({ namespace: OPERATOR_NAMESPACE, realmSeed: 'alice-home' });
      const engine = await runEngine([controller], { kubeconfig, userAgent, clock, wrap });
      engines.push(engine);
      return engine;
    },
    owners: () => listOf<ClusterRegistration>(REGISTRATIONS, 'ClusterRegistration'),
    async objects() {
      const selected = `?fieldSelector=${encodeURIComponent('metadata.name=keystone-identity')}`;
      return [
        ...(await listOf(REGISTRATIONS, 'ClusterRegistration')),
        ...(await listOf(`/api/v1/namespaces/${OPERATOR_NAMESPACE}/secrets${selected}`, 'Secret')),
      ];
    },
    local: async () => ok<ClusterRegistration>(await api().call('GET', LOCAL)),
    async close() {
      await Promise.all(engines.map((engine) => engine.stop()));
      await clear();
    },
  };
}

async function clear(): Promise<void> {
  for (const path of ALL) await api().call('DELETE', path);
}

async function expectReason(stage: RealmStage, reason: string): Promise<ClusterRegistration> {
  const local = await stage.local();
  const ready = local.status?.conditions?.find(({ type }) => type === 'Ready');
  expect(ready, JSON.stringify(local.status)).to.include({ reason, observedGeneration: local.metadata.generation });
  return local;
}

const remove = async (path: string): Promise<void> => void expect((await api().call('DELETE', path)).status).to.be.oneOf([200, 404]);

/** The operator meets a cluster that is no realm, and makes it one. */
export const isFounded: Step<RealmStage> = {
  name: 'the realm is founded',
  act: async () => undefined,
  async until(stage) {
    stage.known = (await expectReason(stage, 'Registered')).status?.publicKey;
  },
};

/** A node joins that can carry something. */
export const nodeJoins: Step<RealmStage> = {
  name: 'a node joins',
  async act() {
    expect((await api().call('POST', '/api/v1/nodes', { body: { metadata: { name: 'fault-node' } } })).status).to.be.oneOf([201, 409]);
    const at = '2030-01-01T00:00:00Z';
    const conditions = [{ type: 'Ready', status: 'True', reason: 'Test', message: 'test', lastHeartbeatTime: at, lastTransitionTime: at }];
    const status = { allocatable: { cpu: '4', memory: '8Gi' }, conditions };
    ok(await api().call('PATCH', `${NODE}/status`, { body: { status }, contentType: 'application/merge-patch+json' }));
  },
  until: async (stage) => expect((await expectReason(stage, 'Registered')).status?.summary).to.include({ nodes: '1/1' }),
};

/** It leaves again, before Kubernetes takes it for dead. */
export const nodeLeaves: Step<RealmStage> = {
  name: 'the node leaves',
  act: () => remove(NODE),
  until: async (stage) => expect((await expectReason(stage, 'Registered')).status?.summary).to.include({ nodes: '0/0' }),
};

/** Somebody deletes the registration; the operator makes it again, with the keys that peers know. */
export const registrationIsDeleted: Step<RealmStage> = {
  name: 'the registration is deleted',
  act: () => remove(LOCAL),
  until: async (stage) => expect((await expectReason(stage, 'Registered')).status?.publicKey).to.equal(stage.known),
};

/** Somebody deletes the keys: nothing but a human brings them back. */
export const keysAreLost: Step<RealmStage> = {
  name: 'the keys are lost',
  act: () => remove(IDENTITY),
  until: async (stage) => expect((await expectReason(stage, 'IdentityLost')).status?.publicKey).to.equal(stage.known),
};

/** A human gives the old identity up. */
export const beginsAnew: Step<RealmStage> = {
  name: 'the realm begins anew',
  act: () => remove(LOCAL),
  async until(stage) {
    const { status } = await expectReason(stage, 'Registered');
    expect(status?.publicKey).not.to.equal(stage.known);
    expect(status?.publicKey).to.be.a('string');
  },
};
