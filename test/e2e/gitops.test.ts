import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { hasFlux } from '../../hack/testbed/flux.ts';
import { attempt, run } from '../../hack/testbed/steps.ts';
import { skip } from '../../hack/verify/skip.ts';
import { eventually } from '../env/eventually.ts';
import { type Flux, installFlux } from '../env/flux.ts';
import { OPERATOR_NAMESPACE } from '../env/operator.ts';
import { loadImage } from '../env/realm-images.ts';
import { type Realm, startRealm } from '../env/realm.ts';
import { emptyGrants, unnameRealm, writeFleet } from './fleet.ts';

/** Building Flux once, starting a realm, building our image. */
const SET_UP_MS = 20 * 60_000;
const isFull = process.env['TEST_FULL'] === '1';
const FORCED = isFull ? 100 : 3;
const PER_ROUND_MS = 60_000;
const PATIENCE = { withinMs: 120_000, everyMs: 500 };

const SOURCE = 'gitrepository/flux-system';
const ROOT = 'kustomization/flux-system';
const INSTALL = 'kustomization/keystone';
const GRANTS = 'kustomization/grants';
const EVERYTHING = [SOURCE, ROOT, INSTALL, GRANTS];

describe('Flux installs us from Git and keeps what Git says (C-3)', function () {
  this.timeout(600_000);
  let realm: Realm;
  let flux: Flux;
  let image = '';
  const kubectl = (...args: readonly string[]): Promise<string> => realm.kubectl(args, { withinMs: 150_000 });
  const read = async <T>(...args: readonly string[]): Promise<T> => JSON.parse(await kubectl('get', ...args, '-o', 'json')) as T;
  const grant = (): Promise<Grant> => read<Grant>('grant', 'alice-to-bob', '-n', OPERATOR_NAMESPACE);
  const local = (): Promise<ClusterRegistration> => read<ClusterRegistration>('clusterregistration', 'local');
  const slices = (): Promise<string> => kubectl('get', 'namespaces', '-l', 'keystone.io/slice', '-o', 'name');
  const write = (): void => writeFleet(flux.git.folder, { gitUrl: flux.git.url, image });
  const drop = (path: string): void => rmSync(join(flux.git.folder, 'realms/alice-home', path));
  const untilGone = (...what: readonly string[]): Promise<unknown> =>
    eventually(async () => expect(await kubectl('get', ...what, '--ignore-not-found', '-o', 'name')).to.equal(''), PATIENCE);

  before(async function () {
    this.timeout(SET_UP_MS);
    if (!isFull && !hasFlux())
      skip(this, "Flux is not built yet, which takes 400 s of processor time: run 'make flux', or set TEST_FULL=1");
    realm = await startRealm({ name: 'gitops' });
    image = `keystone.test/keystone-operator:${realm.name}`;
    await run(process.execPath, ['hack/image/build.ts', `--img=${image}`]);
    await loadImage(realm, image);
    flux = await installFlux(realm);
    write();
  });
  after(async () => {
    await realm?.stop();
    if (image !== '') attempt('docker', 'image', 'rm', image);
  });

  it('is not Ready while nobody has said what the realm is called, and says so', async () => {
    unnameRealm(flux.git.folder);
    await flux.git.push('Run keystone');
    await realm.kubectl(['apply', '-f', join(flux.git.folder, 'realms/alice-home/flux/flux-system.yaml')]);
    await flux.reconcile(SOURCE, ROOT);
    await eventually(async () => {
      const { reason, message = '' } = (await flux.ready(INSTALL)) ?? {};
      expect(reason).to.equal('HealthCheckFailed');
      expect(message).to.include('ClusterRegistration/local');
    }, PATIENCE);
  });

  it('is Ready when the operator runs and the realm has its name', async () => {
    write();
    await flux.git.push('Name the realm');
    await flux.reconcile(SOURCE, ROOT);
    // Flux sees the old news at first, and looks again after its retryInterval or when it is told to.
    await eventually(async () => expect((await local()).status?.realm).to.equal('alice-home'), PATIENCE);
    await flux.reconcile(INSTALL);
    const applied = await flux.applied('keystone');
    expect(applied.map(({ id }) => id)).to.include.members([
      'CustomResourceDefinition/grants.keystone.io',
      'ClusterRegistration/local',
      `Deployment/${OPERATOR_NAMESPACE}/keystone-operator`,
    ]);
    await kubectl('wait', '-n', OPERATOR_NAMESPACE, 'deployment/keystone-operator', '--for=condition=Available', '--timeout=1s');
  });

  it('lends what Git lends, once all of that stands', async () => {
    await flux.reconcile(GRANTS);
    const { status } = await grant();
    expect(status?.phase).to.equal('Active');
    expect(await slices()).to.equal(`namespace/${status?.namespace}\n`);
  });

  it(`changes nothing in ${FORCED} reconciliations`, async function () {
    this.timeout(FORCED * PER_ROUND_MS);
    const applied = async () => [...(await flux.applied('keystone')), ...(await flux.applied('grants'))];
    const [before, since] = [await applied(), new Date()];
    for (let round = 0; round < FORCED; round += 1) await flux.reconcile(...EVERYTHING);
    expect(await applied()).to.deep.equal(before);
    const outcomes = await flux.outcomesSince(since);
    expect(outcomes.length).to.be.at.least(3 * FORCED);
    expect(outcomes.reduce((sum, { objects }) => sum + Object.keys(objects).length, 0)).to.be.at.least(before.length * FORCED);
    expect(outcomes.flatMap(({ objects }) => Object.entries(objects)).filter(([, outcome]) => outcome !== 'unchanged')).to.deep.equal([]);
  });

  it('heals a Grant that somebody edits by hand', async () => {
    const [{ spec }, since] = [await grant(), new Date()];
    await kubectl(
      'patch',
      'grant',
      'alice-to-bob',
      '-n',
      OPERATOR_NAMESPACE,
      '--type=merge',
      '-p',
      '{"spec":{"hard":{"requests.cpu":"1"}}}',
    );
    await flux.reconcile(GRANTS);
    expect((await grant()).spec).to.deep.equal(spec);
    const outcomes = (await flux.outcomesSince(since)).filter(({ kustomization }) => kustomization === 'grants');
    expect(outcomes.map(({ objects }) => objects)).to.deep.include({ [`Grant/${OPERATOR_NAMESPACE}/alice-to-bob`]: 'configured' });
  });

  it('loses no Grant and no key when the install vanishes from Git by mistake', async () => {
    const [lent, { status: known }] = [await grant(), await local()];
    drop('flux/keystone.yaml');
    await flux.git.push('Remove keystone by mistake');
    await flux.reconcile(SOURCE, ROOT);
    await untilGone(INSTALL, '-n', 'flux-system');
    await untilGone('pods', '-n', OPERATOR_NAMESPACE);
    expect((await grant()).metadata)
      .to.include({ uid: lent.metadata.uid })
      .and.not.have.property('deletionTimestamp');
    expect(await slices()).to.equal(`namespace/${lent.status?.namespace}\n`);
    write();
    await flux.git.push('Run keystone again');
    await flux.reconcile(...EVERYTHING);
    expect((await grant()).status).to.deep.include({ namespace: lent.status?.namespace, epoch: lent.status?.epoch, phase: 'Active' });
    expect((await local()).status?.publicKeyFingerprint)
      .to.be.a('string')
      .and.equal(known?.publicKeyFingerprint);
  });

  it('ends a Grant that leaves Git', async () => {
    emptyGrants(flux.git.folder);
    await flux.git.push('Lend nothing any more');
    await flux.reconcile(...EVERYTHING);
    await untilGone('grants', '--all-namespaces');
    await untilGone('namespaces', '-l', 'keystone.io/slice');
  });

  it('finishes what was removed in the wrong order, once it is back', async () => {
    write();
    await flux.git.push('Lend again');
    await flux.reconcile(...EVERYTHING);
    for (const file of ['grants', 'keystone']) drop(`flux/${file}.yaml`);
    await flux.git.push('Remove all at once');
    await flux.reconcile(SOURCE, ROOT);
    await untilGone(INSTALL, '-n', 'flux-system');
    await untilGone('pods', '-n', OPERATOR_NAMESPACE);
    write();
    drop('flux/grants.yaml');
    await flux.git.push('Run keystone again');
    await flux.reconcile(SOURCE, ROOT, INSTALL);
    await untilGone('grants', '--all-namespaces');
    await untilGone('namespaces', '-l', 'keystone.io/slice');
    await untilGone(GRANTS, '-n', 'flux-system');
  });

  it('goes without a trace, but for what was to stay', async () => {
    drop('flux/keystone.yaml');
    await flux.git.push('Stop running keystone');
    await flux.reconcile(SOURCE, ROOT);
    await untilGone(INSTALL, '-n', 'flux-system');
    await untilGone('pods', '-n', OPERATOR_NAMESPACE);
    const kinds = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'validatingwebhookconfigurations', 'clusterroles'];
    const names = (await kubectl('get', kinds.join(','), '-o', 'name')).split('\n');
    expect(names.filter((name) => name.includes('keystone'))).to.deep.equal([]);
    await kubectl('delete', '-k', join(flux.git.folder, 'keystone/crd'), '--timeout=60s');
    await kubectl('delete', 'namespace', OPERATOR_NAMESPACE, '--timeout=60s');
  });
});
