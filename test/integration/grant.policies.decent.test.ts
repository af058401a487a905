import { expect } from 'chai';
import { ALLOWED_RESOURCES, ALLOWED_STORAGE_CLASSES } from '../../api/keystone/v1alpha1/grant.policies.ts';
import { ok, type Answer } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api } from '../env/hooks.ts';
import { DAEMON, DECENT, JOB, LARGE, WEB } from './grant.decent.ts';
import { podWith } from './grant.hostile-pods.ts';
import { CONTROLLER, makeSlice, messageOf, refuserOf, type Act, type Person } from './grant.slice.ts';
import { useSlice } from './grant.use-slice.ts';

describe('FR-004 · what goes on in a slice without an operator', () => {
  const { slice, done, post, remove, place, end, gone, here } = useSlice();

  // It counts beside what the tests make.
  before(() => post('pods', podWith({}, 'plain')));

  describe('lets guests', () => {
    for (const [name, path, body] of DECENT)
      it(name, async () => {
        const { status, body: answer } = await slice().does(slice().guest, { method: 'POST', path, body: here(body) }, true);
        expect(status, JSON.stringify(answer)).to.equal(201);
      });

    it('run a pod as large as they come', async () => {
      const made = await slice().does(CONTROLLER, { method: 'POST', path: 'pods', body: LARGE }, true);
      expect(made.status, JSON.stringify(made.body)).to.equal(201);
      await post('pods', LARGE);
      await done(slice().guest, { method: 'PATCH', path: 'pods/large', body: { metadata: { annotations: { a: 'b' } } } });
      await remove('pods/large');
    });

    it('run, count, scale and delete a Deployment with all that belongs to it', async () => {
      await post('apps/v1:deployments', WEB);
      const used = async (): Promise<string | undefined> => {
        const { body } = await slice().does(slice().guest, { method: 'GET', path: 'resourcequotas/grant' });
        return (body as { status?: { used?: Record<string, string> } }).status?.used?.['pods'];
      };
      await eventually(async () => expect(await used()).to.equal('2'));
      await done(slice().guest, { method: 'PATCH', path: 'apps/v1:deployments/web/scale', body: { spec: { replicas: 2 } } });
      await eventually(async () => expect(await used()).to.equal('3'));
      await remove('apps/v1:deployments/web?propagationPolicy=Foreground');
      await gone(`/apis/apps/v1/namespaces/${slice().name}/deployments/web`);
      await eventually(async () => expect(await used()).to.equal('1'), { withinMs: 20_000 });
    });

    it('end a Job whose pods carry the finalizer of its controller', async () => {
      await post('batch/v1:jobs', JOB);
      const pods = async (): Promise<number> => {
        const { body } = await slice().does(slice().guest, { method: 'GET', path: 'pods?labelSelector=job-name%3Djob' });
        return (body as { items: unknown[] }).items.length;
      };
      await eventually(async () => expect(await pods()).to.equal(1));
      await remove('batch/v1:jobs/job?propagationPolicy=Background');
      await eventually(async () => expect(await pods()).to.equal(0), { withinMs: 20_000 });
    });

    it('have their pods placed by the scheduler', async () => {
      await post('pods', podWith({}, 'placed'));
      await place('placed');
      await end('placed');
    });
  });

  it('lets controllers make what they make, with their finalizers', async () => {
    const job = podWith({ metadata: { finalizers: ['batch.kubernetes.io/job-tracking'] } });
    const daemon = podWith(DAEMON);
    for (const body of [job, daemon]) {
      const { status, body: answer } = await slice().does(CONTROLLER, { method: 'POST', path: 'pods', body }, true);
      expect(status, JSON.stringify(answer)).to.equal(201);
    }
    const greedy = podWith({ ...DAEMON, spec: { tolerations: [...DAEMON.spec.tolerations, { operator: 'Exists' }] } });
    for (const [who, body] of [
      [CONTROLLER, greedy],
      [slice().guest, daemon],
    ] as const)
      expect(refuserOf(await slice().does(who, { method: 'POST', path: 'pods', body }, true))).to.equal('keystone-slice-pods');
  });

  it('lends devices of the classes that its namespace lists, and passes none off as ours', async () => {
    const other = await makeSlice();
    const lent = 'cpu,memory,lent.example.com.deviceclass.resource.k8s.io/devices';
    const body = { metadata: { annotations: { [ALLOWED_RESOURCES]: lent } } };
    expect((await other.does(other.operator, { method: 'PATCH', path: `/api/v1/namespaces/${other.name}`, body })).status).to.equal(200);
    const judged = async (who: Person, kind: string, spec: object, labels: object = {}): Promise<string> => {
      const metadata = { name: 'x', labels };
      const answer = await other.does(who, { method: 'POST', path: `resource.k8s.io/v1:${kind}`, body: { metadata, spec } }, true);
      return answer.status === 201 ? 'nobody' : refuserOf(answer);
    };
    const spec = { devices: { requests: [{ name: 'd', exactly: { deviceClassName: 'lent.example.com' } }] } };
    const ours = { 'keystone.io/controller': 'grant' };
    await eventually(async () => expect(await judged(other.guest, 'resourceclaims', spec)).to.equal('nobody'));
    expect(await judged(other.guest, 'resourceclaimtemplates', { metadata: { labels: { a: 'b' } }, spec })).to.equal('nobody');
    expect(await judged(CONTROLLER, 'resourceclaims', spec)).to.equal('nobody');
    // One that is in use is held by a finalizer, and has to have room for the note of its end.
    const selectors = Array.from({ length: 32 }, () => ({ cel: { expression: `"${'x'.repeat(9_000)}" == "x"` } }));
    const requests = ['a', 'b', 'c'].map((name) => ({ name, exactly: { deviceClassName: 'lent.example.com', selectors } }));
    expect(await judged(other.guest, 'resourceclaims', { devices: { requests } })).to.equal('keystone-slice-metadata');
    for (const metadata of [{ labels: ours }, { annotations: { 'sub.keystone.io/x': 'y' } }])
      expect(await judged(other.guest, 'resourceclaimtemplates', { metadata, spec })).to.equal('keystone-slice-metadata');
    expect(await judged(CONTROLLER, 'resourceclaims', spec, ours)).to.equal('keystone-slice-metadata');
    await other.does(other.operator, { method: 'DELETE', path: `/api/v1/namespaces/${other.name}` });
    await other.close();
  });

  it('lends storage of the classes by name that its namespace lists, and of no other', async () => {
    const other = await makeSlice();
    const lists = async (classes: string, refused: readonly (string | undefined)[], allowed: readonly string[]): Promise<void> => {
      const body = { metadata: { annotations: { [ALLOWED_STORAGE_CLASSES]: classes } } };
      expect((await other.does(other.operator, { method: 'PATCH', path: `/api/v1/namespaces/${other.name}`, body })).status).to.equal(200);
      const claim = (storageClassName: string | undefined): Promise<Answer> => {
        const spec = { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
        return other.does(other.guest, { method: 'POST', path: 'persistentvolumeclaims', body: { metadata: { name: 'c' }, spec } }, true);
      };
      await eventually(async () => {
        for (const name of refused) expect(refuserOf(await claim(name)), `${classes}: ${name}`).to.equal('keystone-slice-claims');
        for (const name of allowed) expect((await claim(name)).status, `${classes}: ${name}`).to.equal(201);
      });
    };
    await lists('slow', ['fast', '', undefined], ['slow']);
    const kept = {
      metadata: { name: 'kept' },
      spec: { storageClassName: 'slow', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    expect((await other.does(other.guest, { method: 'POST', path: 'persistentvolumeclaims', body: kept })).status).to.equal(201);
    await lists('*', ['fast', '', undefined], []);
    await lists('', ['fast', '', undefined], []);
    const label: Act = { method: 'PATCH', path: 'persistentvolumeclaims/kept', body: { metadata: { labels: { a: 'b' } } } };
    expect((await other.does(other.guest, label)).status).to.equal(200);
    // Only a claim that has its volume may grow, and only in a class that allows it.
    const [classes, volumes, volume] = ['/apis/storage.k8s.io/v1/storageclasses', '/api/v1/persistentvolumes', `kept-${other.name}`];
    const common = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/x' } };
    const spec = { ...common, storageClassName: 'slow', claimRef: { namespace: other.name, name: 'kept' } };
    ok(
      await api().call('POST', classes, { body: { metadata: { name: 'slow' }, provisioner: 'example.com/x', allowVolumeExpansion: true } }),
    );
    ok(await api().call('POST', volumes, { body: { metadata: { name: volume }, spec } }));
    await eventually(async () => {
      const { body } = await api().call('GET', `/api/v1/namespaces/${other.name}/persistentvolumeclaims/kept`);
      expect(body).to.have.nested.property('status.phase', 'Bound');
    });
    const grow: Act = {
      method: 'PATCH',
      path: 'persistentvolumeclaims/kept',
      body: { spec: { resources: { requests: { storage: '1Ti' } } } },
    };
    const grown = await other.does(other.guest, grow, true);
    expect(refuserOf(grown)).to.equal('keystone-slice-claims');
    expect(messageOf(grown)).to.include("no storage of class slow any more: the claim can't grow");
    for (const path of [`${classes}/slow`, `${volumes}/${volume}`]) await api().call('DELETE', path);
    await other.does(other.operator, { method: 'DELETE', path: `/api/v1/namespaces/${other.name}` });
    await other.close();
  });
});
