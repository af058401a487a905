import { expect } from 'chai';
import type { ClusterRegistration } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { ok } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { OPERATOR_NAMESPACE, installOperator, must, startOperator, type OperatorProcess } from '../env/operator.ts';

const LOCAL = '/apis/guildnet.io/v1alpha1/clusterregistrations/local';
const IDENTITY = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/secrets/keystone-identity`;
const MERGE = { contentType: 'application/merge-patch+json' };

describe('the nodes of a realm', () => {
  let operator: OperatorProcess | undefined;
  let kubeconfig = '';
  before(async () => ({ kubeconfig } = await installOperator(controlPlane())));
  afterEach(async () => {
    await operator?.stop();
    await must(controlPlane(), ['delete', 'nodes', '--all']);
    await api().call('DELETE', IDENTITY);
    await api().call('DELETE', LOCAL);
  });

  async function node(name: string, ready: 'True' | 'False', allocatable: Record<string, string>): Promise<void> {
    await api().call('POST', '/api/v1/nodes', { body: { metadata: { name } } });
    const now = new Date().toISOString().replace(/\.\d+/, '');
    const conditions = [{ type: 'Ready', status: ready, reason: 'Test', message: 'test', lastHeartbeatTime: now, lastTransitionTime: now }];
    const body = { status: { allocatable, capacity: allocatable, conditions } };
    ok(await api().call('PATCH', `/api/v1/nodes/${name}/status`, { body, ...MERGE }));
    // What every node has at first, and a controller takes away that this control plane does without.
    if (ready === 'True') await change(name, { taints: null });
  }
  const change = async (name: string, spec: object) =>
    void ok(await api().call('PATCH', `/api/v1/nodes/${name}`, { body: { spec }, ...MERGE }));

  it('are counted and summed up in the columns as they come and go', async () => {
    operator = await startOperator({ kubeconfig, env: { KEYSTONE_REALM: 'alice-home' } });
    await node('a', 'True', { cpu: '3920m', memory: '16Gi', pods: '110' });
    await node('b', 'True', { cpu: '2080m', memory: '16384Mi', pods: '110' });
    await node('c', 'False', { cpu: '8', memory: '64Gi', pods: '110' });
    await operator.ready();
    const row = async () => (await must(controlPlane(), ['get', 'creg', '--no-headers'])).trim().split(/ +/);
    await eventually(async () =>
      expect((await row()).slice(0, 7)).to.deep.equal(['local', 'alice-home', 'True', '2/3', (await row())[4], '6', '32Gi']),
    );
    // Where no guest's Pod can run, there is nothing to lend.
    await change('b', { unschedulable: true });
    await eventually(async () => expect((await row()).slice(3, 7)).to.deep.equal(['2/3', (await row())[4], '3920m', '16Gi']));
    await change('b', { unschedulable: null });
    await change('a', { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] });
    await eventually(async () => expect((await row()).slice(3, 7)).to.deep.equal(['2/3', (await row())[4], '2080m', '16Gi']));
    await api().call('DELETE', '/api/v1/nodes/a');
    await eventually(async () => expect((await row())[3]).to.equal('1/2'));
    // Grants go on under the name that is published: what they are decided on must not stand still meanwhile.
    await api().call('DELETE', IDENTITY);
    await eventually(async () => expect((await row())[2]).to.equal('False'));
    await node('d', 'True', { cpu: '1', memory: '1Gi', pods: '110' });
    await eventually(async () => expect((await row())[3]).to.equal('2/3'));
  });

  it('keep what a guest left behind, and the realm lists it', async () => {
    operator = await startOperator({ kubeconfig, env: { KEYSTONE_REALM: 'alice-home' } });
    await operator.ready();
    const metadata = {
      name: 'kept',
      labels: { 'keystone.io/retained-from': 'a-uid' },
      annotations: { 'keystone.io/retained-until': '2099-01-01T00:00:00Z' },
    };
    const spec = {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/tmp/kept' },
      storageClassName: 'fast',
    };
    ok(await api().call('POST', '/api/v1/persistentvolumes', { body: { metadata, spec } }));
    const retained = async () => ok<ClusterRegistration>(await api().call('GET', LOCAL)).status?.retained;
    await eventually(async () =>
      expect(await retained()).to.deep.equal([{ volume: 'kept', grantUID: 'a-uid', until: '2099-01-01T00:00:00Z' }]),
    );
    await api().call('DELETE', '/api/v1/persistentvolumes/kept');
    await eventually(async () => expect(await retained()).to.equal(undefined));
  });
});
