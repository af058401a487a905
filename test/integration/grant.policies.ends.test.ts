import { expect } from 'chai';
import { DECENT_ENDS } from './grant.decent.ts';
import { HOSTILE_ENDS } from './grant.hostile-ends.ts';
import { podSpec, podWith } from './grant.hostile-pods.ts';
import { BREAKING_GLASS, CONTROLLER, KUBELET, makeSlice, refuserOf, type Slice } from './grant.slice.ts';
import { useSlice } from './grant.use-slice.ts';

/** Has two objects own each other, each of which is to go only after the other. */
async function tie({ guest, does }: Slice, ...paths: readonly [string, string]): Promise<void> {
  const uids: string[] = [];
  for (const path of paths) {
    const [kind = '', name = ''] = path.split('/');
    const { status, body } = await does(guest, { method: 'POST', path: kind, body: { metadata: { name } } });
    expect(status).to.equal(201);
    uids.push((body as { metadata: { uid: string } }).metadata.uid);
  }
  for (const [i, path] of paths.entries()) {
    const [, name = ''] = (paths[1 - i] ?? '').split('/');
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid: uids[1 - i], blockOwnerDeletion: true };
    expect((await does(guest, { method: 'PATCH', path, body: { metadata: { ownerReferences: [owner] } } })).status).to.equal(200);
  }
  for (const path of paths)
    expect((await does(guest, { method: 'DELETE', path: `${path}?propagationPolicy=Foreground` })).status).to.be.oneOf([200, 404]);
}

describe('FR-004 · the ends of a slice without an operator', () => {
  const { slice, done, post, remove, place, end, gone, person } = useSlice();

  before(() => post('pods', podWith({}, 'plain')));

  describe('leaves the end of a pod that runs', () => {
    before(async () => {
      await post('pods', podWith({}, 'runs'));
      await place('runs');
    });
    after(() => end('runs'));

    for (const { name, by, who = 'guest', ...act } of HOSTILE_ENDS) {
      it(`to the node, and refuses whoever ${name}`, async () => {
        const answer = await slice().does(person(who), act, true);
        expect(refuserOf(answer)).to.equal(by);
        expect(answer.status).to.equal(403);
      });
    }

    for (const [name, act] of DECENT_ENDS) {
      it(`to a guest who ${name}`, async () => {
        const { status, body: answer } = await slice().does(slice().guest, act, true);
        expect([200, 201], JSON.stringify(answer)).to.include(status);
      });
    }

    it('to those who serve the cluster, at once', async () => {
      for (const who of [KUBELET, CONTROLLER, { 'impersonate-user': 'system:kube-scheduler' }, BREAKING_GLASS])
        expect((await slice().does(who, { method: 'DELETE', path: 'pods/runs?gracePeriodSeconds=0' }, true)).status).to.equal(200);
    });
  });

  it('lets guests clear away a pod that has ended', async () => {
    await post('pods', podWith({}, 'ended'));
    await place('ended');
    await done(KUBELET, { method: 'PATCH', path: 'pods/ended/status', body: { status: { phase: 'Succeeded' } } });
    await remove('pods/ended');
  });

  it('notes its end on a pod on which a guest has written as much as anybody may, and a kubelet has its say', async () => {
    await post('pods', podWith({ container: { args: ['x'.repeat(200_000)] } }, 'long'));
    await place('long');
    const note = (length: number) => {
      const body = { metadata: { annotations: { note: 'x'.repeat(length) } } };
      return slice().does(slice().guest, { method: 'PATCH', path: 'pods/long', body });
    };
    let [room, tooMuch] = [0, 100_000];
    while (tooMuch - room > 100) {
      const length = Math.floor((room + tooMuch) / 2);
      const answer = await note(length);
      if (answer.status === 200) room = length;
      else {
        expect(refuserOf(answer)).to.equal('keystone-slice-metadata');
        tooMuch = length;
      }
    }
    // What it can't run it repeats.
    const state = { waiting: { reason: 'CreateContainerError', message: 'x'.repeat(200_000) } };
    const containerStatuses = [{ name: 'app', image: 'x', imageID: '', ready: false, restartCount: 1, state, lastState: state }];
    await done(KUBELET, { method: 'PATCH', path: 'pods/long/status', body: { status: { containerStatuses } } });
    await remove('pods/long');
    const { body } = await slice().does(slice().guest, { method: 'GET', path: 'pods/long' });
    expect(body).to.have.nested.property('metadata.deletionTimestamp');
    await end('long');
  });

  it('ends when the operator deletes it, with all that guests and controllers made', async () => {
    const other = await makeSlice();
    const labels = { app: 'x' };
    // A namespace waits for as long as its pods may take.
    const template = { metadata: { labels }, spec: { ...podSpec(), terminationGracePeriodSeconds: 1 } };
    const spec = { replicas: 2, selector: { matchLabels: labels }, template };
    const claim = {
      metadata: { name: 'c' },
      spec: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    for (const [path, body] of [
      ['apps/v1:deployments', { metadata: { name: 'x' }, spec }],
      ['persistentvolumeclaims', claim],
    ] as const)
      expect((await other.does(other.guest, { method: 'POST', path, body })).status).to.equal(201);
    await tie(other, 'configmaps/one', 'configmaps/two');
    const path = `/api/v1/namespaces/${other.name}`;
    expect((await other.does(other.operator, { method: 'DELETE', path })).status).to.equal(200);
    await gone(path);
    await other.close();
  });
});
