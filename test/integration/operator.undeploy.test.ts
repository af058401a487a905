import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { SLICE_LABEL } from '../../api/keystone/v1alpha1/grant.policies.ts';
import { KUBECTL } from '../../hack/testbed/hyper.ts';
import { ok } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { OPERATOR_NAMESPACE, freePort, installOperator, must, startOperator } from '../env/operator.ts';
import { grant, grantsIn } from '../grant/schema.ts';

/** What Kubernetes itself keeps in every namespace, and what tells of the past. */
const OF_ANY_NAMESPACE = /^(configmap\/kube-root-ca\.crt|serviceaccount\/default|event(\.events\.k8s\.io)?\/.*)$/;

/** The kinds of tests that use the same control plane. */
const OF_OTHER_TESTS = /test\.keystone\.io$/;

describe('make undeploy', () => {
  const all = async (scope: 'true' | 'false', ...where: readonly string[]): Promise<readonly string[]> => {
    const kinds = await must(controlPlane(), ['api-resources', `--namespaced=${scope}`, '--verbs=list', '--output=name']);
    const names = await must(controlPlane(), ['get', kinds.trim().replaceAll('\n', ','), '--output=name', '--ignore-not-found', ...where]);
    return names.split('\n').filter((name) => name !== '');
  };
  const slices = async (): Promise<readonly string[]> =>
    (await must(controlPlane(), ['get', 'namespaces', `--selector=${SLICE_LABEL}`, '--output=name']))
      .split('\n')
      .filter((name) => name !== '');
  const undeploy = (...args: readonly string[]) =>
    spawnSync(process.execPath, ['hack/deploy/remove.ts', `--kubectl=${KUBECTL}`, '--operator', ...args], {
      env: { ...process.env, KUBECONFIG: controlPlane().kubeconfigPath },
      encoding: 'utf8',
    });

  let isThere = true;

  before(async function () {
    // Those of tests before this one may still be on their way out.
    await eventually(async () => expect(await slices()).to.deep.equal([]), { withinMs: 60_000 });
  });
  after(async () => {
    if (isThere) undeploy('--force');
    await must(controlPlane(), ['delete', 'namespaces', `--selector=${SLICE_LABEL}`]);
    await api().call('DELETE', `/api/v1/namespaces/${OPERATOR_NAMESPACE}/secrets/keystone-identity`);
  });

  it('leaves the namespace with the keys of the realm, and nothing else', async () => {
    const plane = controlPlane();
    const { kubeconfig } = await installOperator(plane);
    await must(plane, ['apply', '--server-side', '-k', 'config/default']);
    const operator = await startOperator({
      kubeconfig,
      env: { KEYSTONE_REALM: 'alice-home' },
      args: [`--webhook-bind-address=127.0.0.1:${await freePort()}`],
    });
    await operator.ready();
    await must(plane, ['wait', '--for=create', 'clusterregistration/local', '--timeout=90s']);
    await must(plane, ['wait', '--for=condition=Ready', 'clusterregistration/local', '--timeout=90s']);
    const hard = { 'requests.cpu': '1', 'requests.memory': '1Gi' };
    ok(await api().call('POST', grantsIn(OPERATOR_NAMESPACE), { body: grant({ hard, overcommit: 'Allow' }) }));
    await must(plane, ['wait', '--for=condition=Usable', 'grant/one', '-n', OPERATOR_NAMESPACE, '--timeout=90s']);
    const [slice = ''] = await slices();
    // The Pods of its Deployment would go with that; this process stands in for them.
    expect(await operator.stop()).to.equal(0);
    const there = await all('true', '-n', OPERATOR_NAMESPACE);
    expect(there).to.include.members(['lease.coordination.k8s.io/keystone-grant', 'secret/keystone-webhook-certificates']);

    const refused = undeploy();
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.include(`not ended: ${slice.replace('namespace/', '')}. Nothing else was removed.`);
    expect(await all('false')).to.include('validatingadmissionpolicy.admissionregistration.k8s.io/keystone-slice-objects');

    const run = undeploy('--force');
    expect(run.status, `${run.stdout}${run.stderr}`).to.equal(0);
    expect(await all('false')).to.include(slice);
    await must(plane, ['delete', slice]);

    // The endpoints of a Service go a moment after it.
    await eventually(async () => {
      const left = (await all('true', '-n', OPERATOR_NAMESPACE)).filter((name) => !OF_ANY_NAMESPACE.test(name));
      expect(left).to.deep.equal(['secret/keystone-identity']);
    });
    const ours = (await all('false')).filter((name) => /keystone|guildnet/.test(name) && !OF_OTHER_TESTS.test(name));
    expect(ours).to.deep.equal([`namespace/${OPERATOR_NAMESPACE}`]);
    isThere = false;
  }).timeout(180_000);
});
