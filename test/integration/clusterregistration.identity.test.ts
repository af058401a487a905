import { expect } from 'chai';
import type { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { clusterRegistrationSchema } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import type { Secret } from '../../api/meta/builtin.ts';
import { clusterRegistrationController } from '../../controllers/clusterregistration/controller.ts';
import { readIdentity } from '../../controllers/clusterregistration/identity.ts';
import { conditionFaults } from '../../controllers/runtime/kstatus.ts';
import { recordWrites } from '../env/audit.ts';
import { laggingWatch } from '../env/disturbances.ts';
import { runEngine } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { kubectl } from '../env/kubectl.ts';
import { fluxStatus } from '../env/kstatus.ts';
import { OPERATOR_NAMESPACE, installOperator, must, startOperator, type OperatorProcess, START_MS } from '../env/operator.ts';
import { ok } from '../env/api.ts';

const LOCAL = '/apis/guildnet.io/v1alpha1/clusterregistrations/local';
const SECRETS = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/secrets`;
const IDENTITY = `${SECRETS}/keystone-identity`;
const STARTING = { withinMs: START_MS };

const conditionsOf = ({ status }: ClusterRegistration) => status?.conditions?.map(({ type, status: is }) => `${type}=${is}`);
const messageOf = ({ status }: ClusterRegistration) => status?.conditions?.find(({ type }) => type === 'Ready')?.message;
const fingerprintOf = ({ status }: ClusterRegistration) => status?.publicKeyFingerprint;

describe('FR-001 · the identity of a realm', () => {
  let kubeconfig = '';
  let operator: OperatorProcess | undefined;

  before(async () => ({ kubeconfig } = await installOperator(controlPlane())));
  beforeEach(startOver);
  afterEach(async () => {
    await operator?.stop();
    operator = undefined;
    await startOver();
  });

  async function startOver(): Promise<void> {
    await api().call('DELETE', IDENTITY);
    await api().call('DELETE', LOCAL);
  }
  async function start(realm?: string): Promise<OperatorProcess> {
    operator = await startOperator({ kubeconfig, env: realm === undefined ? {} : { KEYSTONE_REALM: realm } });
    return operator;
  }
  const local = async (): Promise<ClusterRegistration> => ok(await api().call('GET', LOCAL));
  const secret = async (): Promise<Secret> => ok(await api().call('GET', IDENTITY));
  /** Resolves with `local` once its Ready condition has this reason; every status on the way must keep the rules. */
  const because = (reason: string): Promise<ClusterRegistration> =>
    eventually(async () => {
      const found = await local();
      expect(conditionFaults(found)).to.deep.equal([]);
      const ready = found.status?.conditions?.find(({ type }) => type === 'Ready');
      expect(ready?.reason, ready?.message).to.equal(reason);
      expect(clusterRegistrationSchema.reasons, 'documented').to.have.property(reason);
      return found;
    }, STARTING);
  const create = (path: string, body: object) => api().call('POST', path, { body });

  it('is made at the first start, and kubectl tells it in one line', async () => {
    await start('alice-home');
    await because('Registered');
    const table = await must(controlPlane(), ['get', 'clusterregistrations']);
    expect(table.replaceAll(/ +/g, ' ').trimEnd().split('\n')).to.have.length(2);
    expect(table).to.match(
      /^NAME +REALM +READY +NODES +VERSION +CPU +MEMORY +AGE\nlocal +alice-home +True +0\/0 +v1\.\d+\.\d+ +0 +0 +\d+s\n$/,
    );
    const { status } = await local();
    expect(status).to.include({ realm: 'alice-home', observedGeneration: 1 });
    const kubeSystem = ok<{ metadata: { uid: string } }>(await api().call('GET', '/api/v1/namespaces/kube-system'));
    expect(status?.clusterID).to.equal(kubeSystem.metadata.uid);
    expect(await must(controlPlane(), ['get', 'keystone', '-A', '-o', 'wide'])).to.include(status?.publicKeyFingerprint);
  });

  it('can be waited for from the moment of apply, and Flux agrees at every moment (checklist 12)', async () => {
    const manifest = {
      apiVersion: 'guildnet.io/v1alpha1',
      kind: 'ClusterRegistration',
      metadata: { name: 'local' },
      spec: { source: { local: {} } },
    };
    await must(controlPlane(), ['apply', '-f', '-'], { stdin: JSON.stringify(manifest) });
    const waiting = must(controlPlane(), ['wait', '--for=condition=Ready', 'clusterregistration/local', '--timeout=90s']);
    expect((await fluxStatus(await local())).status, 'before the first visit').to.equal('InProgress');
    await start('alice-home');
    expect(await waiting).to.include('condition met');
    expect((await fluxStatus(await local())).status).to.equal('Current');
    await api().call('DELETE', IDENTITY);
    await because('IdentityLost');
    expect((await fluxStatus(await local())).status).to.equal('Failed');
  });

  it('is never made anew in silence: a lost Secret stalls, and a restored one goes on as the same realm', async () => {
    await start('alice-home');
    const before = await because('Registered');
    const { metadata, ...rest } = await secret();
    await api().call('DELETE', IDENTITY);
    const stalled = await because('IdentityLost');
    expect(conditionsOf(stalled)).to.deep.equal(['Ready=False', 'IdentityEstablished=False', 'Stalled=True']);
    expect(messageOf(stalled)).to.include('restore it from a backup, or delete Secret');
    expect(fingerprintOf(stalled), 'what peers know stays').to.equal(fingerprintOf(before));
    await operator?.stop();
    await start('alice-home');
    await because('IdentityLost');
    expect((await api().call('GET', IDENTITY)).status, 'a restart makes none either').to.equal(404);
    const { name, labels } = metadata;
    ok(await create(SECRETS, { ...rest, metadata: { name, labels } }));
    const after = await because('Registered');
    expect(after.status?.publicKey).to.equal(before.status?.publicKey);
  });

  it('is not taken from a Secret that is corrupt, another one’s or another cluster’s', async () => {
    await start('alice-home');
    const before = await because('Registered');
    const { metadata, data, ...rest } = await secret();
    const replace = async (changed: Record<string, string>) => {
      await api().call('DELETE', IDENTITY);
      ok(await create(SECRETS, { ...rest, metadata: { name: metadata.name }, data: { ...data, ...changed } }));
    };
    await replace({ 'signing.key': Buffer.from('no key').toString('base64') });
    await because('IdentityCorrupt');
    await replace({ clusterID: Buffer.from('another-cluster').toString('base64') });
    await because('IdentityOfAnotherCluster');
    const { generateKeyPairSync } = await import('node:crypto');
    const other = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await replace({ 'signing.key': Buffer.from(other).toString('base64') });
    await because('IdentityMismatch');
    await replace({});
    expect((await because('Registered')).status?.publicKey).to.equal(before.status?.publicKey);
  });

  it('begins anew only when a human deletes both, Secret first', async () => {
    await start('alice-home');
    const before = await because('Registered');
    await api().call('DELETE', LOCAL);
    await eventually(async () => expect((await local()).metadata.uid).not.to.equal(before.metadata.uid));
    expect((await because('Registered')).status?.publicKey, 'the Secret alone keeps the identity').to.equal(before.status?.publicKey);
    await api().call('DELETE', IDENTITY);
    await because('IdentityLost');
    await api().call('DELETE', LOCAL);
    await eventually(async () => expect((await because('Registered')).status?.publicKey).not.to.equal(before.status?.publicKey), STARTING);
  });

  it('is not taken from a Secret that is gone, however late the news of that is', async () => {
    const controller = clusterRegistrationController({ namespace: OPERATOR_NAMESPACE, realmSeed: 'alice-home' });
    const engine = await runEngine([controller], { kubeconfig, wrap: laggingWatch(2000, /secrets/) });
    try {
      const before = await because('Registered');
      await api().call('DELETE', IDENTITY);
      await api().call('DELETE', LOCAL);
      // A key that was made known stays so for the life of the registration: one that nobody holds could never be mended.
      const after = await eventually(
        async () => {
          const found = await local();
          expect(fingerprintOf(found), 'not made known again').not.to.equal(undefined);
          return found;
        },
        { withinMs: 20_000 },
      );
      expect(fingerprintOf(after)).not.to.equal(fingerprintOf(before));
      const identity = readIdentity(await secret());
      expect(fingerprintOf(after), 'the key that is there').to.equal(identity?.publicKeyFingerprint);
    } finally {
      await engine.stop();
    }
  });

  it('has the name that was given first; without one it waits for it', async () => {
    await start();
    const unnamed = await because('RealmUnnamed');
    expect(messageOf(unnamed)).to.include('set KEYSTONE_REALM');
    await operator?.stop();
    await start('alice-home');
    await because('Registered');
    await operator?.stop();
    await start('bob-home');
    await eventually(async () => {
      const { status } = await local();
      expect(status?.realm).to.equal('alice-home');
      expect(status?.conditions?.[0]?.message).to.include('KEYSTONE_REALM=bob-home is ignored');
    }, STARTING);
  });

  it('cannot be rewritten: not the Secret, and not what was published, even by who may write the status', async () => {
    await start('alice-home');
    const before = await because('Registered');
    const change = { data: { realm: Buffer.from('eve').toString('base64') } };
    const merge = { contentType: 'application/merge-patch+json' };
    expect((await api().call('PATCH', IDENTITY, { ...merge, body: change })).status).to.equal(422);
    await operator?.stop();
    const forged = await api().call('PATCH', `${LOCAL}/status`, { ...merge, body: { status: { publicKey: `${'A'.repeat(43)}=` } } });
    expect(forged.status).to.equal(422);
    expect(forged.body).to.have.property('message').that.includes("publicKey was made known and can't change any more");
    expect((await local()).status?.publicKey).to.equal(before.status?.publicKey);
  });

  it('shows no secret anywhere: not in the log, the status, the events', async () => {
    const running = await start('alice-home');
    await because('Registered');
    await api().call('DELETE', LOCAL);
    await because('Registered').catch(() => undefined);
    const keys = Object.entries((await secret()).data ?? {}).filter(([name]) => name.endsWith('.key'));
    expect(keys).to.have.length(2);
    const events = await must(controlPlane(), ['get', 'events', '-A', '-o', 'yaml']);
    const seen = [running.output(), JSON.stringify(await local()), events].join('\n');
    for (const [, base64 = ''] of keys) {
      const [, body = ''] = Buffer.from(base64, 'base64').toString().split('\n');
      for (const form of [base64, base64.slice(0, 40), body]) expect(seen).not.to.include(form);
    }
    expect(seen).not.to.include('PRIVATE KEY');
  });

  it('costs no write when nothing changes, and none after a restart (checklist 14)', async () => {
    await start('alice-home');
    await because('Registered');
    await operator?.stop();
    const recording = await recordWrites(controlPlane(), api(), { userAgent: /^keystone-operator/ });
    const again = await start('alice-home');
    await again.ready();
    await eventually(async () => expect((await local()).status?.conditions).to.have.length(2), STARTING);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // Whoever leads says so, every other second.
    expect((await recording.writes()).filter(({ resource }) => resource !== 'leases')).to.deep.equal([]);
  });

  it('needs exactly the rights that are generated: nothing is refused (checklist 41)', async () => {
    const running = await start('alice-home');
    await running.ready();
    await because('Registered');
    // A bare 403 may stand in any uid.
    expect(running.output()).not.to.match(/Forbidden|forbidden|Not allowed/);
    const asOperator = (args: readonly string[]) => kubectl(kubeconfig, args);
    for (const verb of ['delete', 'update', 'patch']) {
      const { stdout } = await asOperator(['auth', 'can-i', verb, 'secret/keystone-identity', '-n', OPERATOR_NAMESPACE]);
      expect(stdout.trim(), `${verb} the identity`).to.equal('no');
    }
    expect((await asOperator(['get', 'secrets', '-A'])).stderr).to.include('forbidden');
    expect((await asOperator(['get', 'secrets', '-n', OPERATOR_NAMESPACE])).stderr, 'only the one that it needs').to.include('forbidden');
  });
});
