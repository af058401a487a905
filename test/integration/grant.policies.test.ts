import { expect } from 'chai';
import { grantPolicies } from '../../api/keystone/v1alpha1/grant.policies.ts';
import { eventually } from '../env/eventually.ts';
import { controlPlane } from '../env/hooks.ts';
import { must } from '../env/operator.ts';
import { ATTACKS } from './grant.attacks.ts';
import { HELD } from './grant.confined.ts';
import { WEB } from './grant.decent.ts';
import { LASTING_PODS } from './grant.hostile-ends.ts';
import { LARGE_PODS } from './grant.hostile-sizes.ts';
import { HOSTILE_PODS, podSpec, podWith } from './grant.hostile-pods.ts';
import { BREAKING_GLASS, CONTROLLER, messageOf, OWNER, refuserOf, type Act } from './grant.slice.ts';
import { useSlice } from './grant.use-slice.ts';

interface Policy {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly status?: { readonly observedGeneration?: number; readonly typeChecking?: { readonly expressionWarnings?: readonly object[] } };
}

describe('FR-004 · a slice without an operator', () => {
  const { slice, done, post, remove, here, person } = useSlice();

  before(async () => {
    const classes: readonly (readonly [string, object])[] = [
      ['/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'test-high' }, value: 1000 }],
      ['/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'test-runtime' }, handler: 'runc' }],
    ];
    for (const [path, body] of classes) await slice().does(OWNER, { method: 'POST', path, body });
    await post('configmaps', { metadata: { name: 'plain' } });
    await post('services', { metadata: { name: 'plain' }, spec: { ports: [{ port: 80 }] } });
    const scheme = { annotations: { 'example.com/scheme': 'internal' } };
    await post('services', { metadata: { name: 'balanced' }, spec: { ports: [{ port: 80 }] } });
    await done(CONTROLLER, { method: 'PATCH', path: 'services/balanced', body: { metadata: scheme } });
    await post('pods', podWith({}, 'plain'));
    const bursting = { requests: { cpu: '10m' }, limits: { cpu: '20m' } };
    await post('pods', podWith({ container: { resources: bursting } }, 'bursts'));
    await post('apps/v1:deployments', { ...WEB, metadata: { name: 'plain' }, spec: { ...WEB.spec, replicas: 0 } });
  });

  it('has policies whose expressions fit the types', () =>
    eventually(async () => {
      const list = JSON.parse(await must(controlPlane(), ['get', 'validatingadmissionpolicies', '-o', 'json'])) as { items: Policy[] };
      const ours = list.items.filter(({ metadata }) => grantPolicies.some(({ name }) => name === metadata.name));
      expect(ours.filter(({ metadata, status }) => status?.observedGeneration === metadata.generation)).to.have.length(
        grantPolicies.length,
      );
      const warnings = ours.flatMap(({ metadata, status }) =>
        (status?.typeChecking?.expressionWarnings ?? []).map((warning) => ({ in: metadata.name, ...warning })),
      );
      expect(warnings, JSON.stringify(warnings, null, 1)).to.deep.equal([]);
    }));

  describe('refuses a pod that asks for', () => {
    for (const { name, by, says, ...pod } of [...HOSTILE_PODS, ...LASTING_PODS, ...LARGE_PODS]) {
      it(name, async () => {
        const answer = await slice().does(slice().guest, { method: 'POST', path: 'pods', body: podWith(pod) }, true);
        expect(refuserOf(answer)).to.equal(by);
        expect(messageOf(answer)).to.match(new RegExp(says.replace(/[().]/g, String.raw`\$&`)));
        expect(answer.status).to.equal(403);
      });
    }

    it('several things at once, with a sentence for each', async () => {
      const hostile = podWith({ spec: { nodeName: 'node-1', tolerations: [{ operator: 'Exists' }], terminationGracePeriodSeconds: 301 } });
      const message = messageOf(await slice().does(slice().guest, { method: 'POST', path: 'pods', body: hostile }, true));
      for (const word of ['nodeName', 'tolerations', 'terminationGracePeriodSeconds']) expect(message).to.contain(word);
    });
  });

  for (const [aim, attacks] of Object.entries(ATTACKS)) {
    describe(`refuses whoever, aiming at ${aim},`, () => {
      for (const { name, by, who = 'guest', contentType, ...act } of attacks) {
        it(name, async () => {
          const headers = contentType === undefined ? {} : { 'content-type': contentType };
          const answer = await slice().does({ ...person(who), ...headers }, here(act), true);
          expect(refuserOf(answer)).to.equal(by);
          expect(answer.status).to.equal(403);
        });
      }
    });
  }

  it('leaves a Grant that came into a slice to the operator, and to who clears it away', async () => {
    const path = 'keystone.io/v1alpha1:grants';
    await done(BREAKING_GLASS, { method: 'POST', path, body: here({ ...HELD, metadata: { name: 'stray' } }) });
    const grow: Act = { method: 'PATCH', path: `${path}/stray`, body: { spec: { hard: { 'requests.cpu': '9' } } } };
    expect(refuserOf(await slice().does(slice().guest, grow, true))).to.equal('keystone-slice-kinds');
    await done(slice().operator, { method: 'PATCH', path: `${path}/stray`, body: { metadata: { finalizers: ['keystone.io/grant'] } } });
    await done(slice().operator, { method: 'PATCH', path: `${path}/stray/status`, body: { status: { epoch: 0 } } });
    await remove(`${path}/stray`);
    await done(slice().operator, { method: 'PATCH', path: `${path}/stray`, body: { metadata: { finalizers: [] } } });
  });

  it('refuses what controllers would make from a hostile template', async () => {
    const labels = { app: 'hostile' };
    const template = { metadata: { labels }, spec: podSpec({ resources: { limits: { 'example.com/fpga': '1' } } }) };
    await post('apps/v1:deployments', { metadata: { name: 'hostile' }, spec: { selector: { matchLabels: labels }, template } });
    await eventually(async () => {
      const { body } = await slice().does(slice().guest, { method: 'GET', path: 'apps/v1:deployments/hostile' });
      const { status } = body as { status?: { conditions?: { type: string; message: string }[] } };
      expect(status?.conditions?.find(({ type }) => type === 'ReplicaFailure')?.message).to.contain('keystone-slice-pods');
    });
    await remove('apps/v1:deployments/hostile');
  });

  it('opens in an emergency, and only to who says that it is one', async () => {
    const act: Act = { method: 'DELETE', path: 'resourcequotas/grant' };
    expect((await slice().does(OWNER, act, true)).status).to.equal(403);
    expect((await slice().does(BREAKING_GLASS, act, true)).status).to.equal(200);
    expect((await slice().does(BREAKING_GLASS, { method: 'DELETE', path: `/api/v1/namespaces/${slice().name}` }, true)).status).to.equal(
      200,
    );
    expect(
      (await slice().does(BREAKING_GLASS, { method: 'POST', path: 'pods', body: podWith({ spec: { nodeName: 'x' } }) }, true)).status,
    ).to.equal(201);
  });
});
