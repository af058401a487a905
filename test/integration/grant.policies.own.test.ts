import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { CONTROLLER_LABEL, GRANT_CONTROLLER, SLICE_LABEL } from '../../api/keystone/v1alpha1/grant.policies.ts';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { sliceName } from '../../controllers/grant/slice.ts';
import * as ownership from '../../controllers/runtime/ownership.ts';
import { eventually } from '../env/eventually.ts';
import { FORBIDDEN, FORBIDDEN_BEYOND, HELD, PERMITTED, PERMITTED_BEYOND, VOLUME } from './grant.confined.ts';
import { BREAKING_GLASS, OWNER, refuserOf, type Act } from './grant.slice.ts';
import { useSlice } from './grant.use-slice.ts';

describe('FR-004 · the policies keep the operator itself', () => {
  const { slice, done, here } = useSlice();

  describe('out of what is not its own:', () => {
    before(async () => {
      await done(OWNER, { method: 'POST', path: '/api/v1/persistentvolumes', body: here(VOLUME) });
      await done(OWNER, { method: 'POST', path: '/apis/keystone.io/v1alpha1/namespaces/default/grants', body: here(HELD) });
    });
    after(async () => {
      await done(OWNER, here({ method: 'DELETE', path: `/api/v1/persistentvolumes/${VOLUME.metadata.name}` }));
      await done(OWNER, here({ method: 'DELETE', path: '/apis/keystone.io/v1alpha1/namespaces/default/grants/SLICE' }));
    });

    for (const [name, by, act] of [...FORBIDDEN, ...FORBIDDEN_BEYOND])
      it(name, async () => expect(refuserOf(await slice().does(slice().operator, here(act), true))).to.equal(by));

    it('to its own namespace, its slices and events', async () => {
      for (const act of [...PERMITTED, ...PERMITTED_BEYOND])
        expect([200, 201], act.path).to.include((await slice().does(slice().operator, here(act), true)).status);
    });
  });

  describe('in a namespace that was a slice and lost its label', () => {
    const uid = randomUUID();
    const marks = { [ownership.CONTROLLER_LABEL]: GRANT_CONTROLLER, [ownership.OWNER_UID_LABEL]: uid };
    const grant = { metadata: { uid, name: 'test' }, spec: { granteeRealm: 'bob-home' } } as unknown as Grant;
    const lost = sliceName(grant, 0);
    const namespaces = '/api/v1/namespaces';
    const labelled = (name: string, labels: object): Act => ({
      method: 'PATCH',
      path: `${namespaces}/${name}`,
      body: { metadata: { labels } },
    });
    const removed = (name: string): Act => ({ method: 'DELETE', path: `${namespaces}/${name}` });
    const made = (name: string, labels: object): Act => ({ method: 'POST', path: namespaces, body: { metadata: { name, labels } } });
    const may = async (act: Act): Promise<string> => {
      const answer = await slice().does(slice().operator, act, true);
      return answer.status < 300 ? 'yes' : refuserOf(answer);
    };
    const CONFINED = 'keystone-operator-namespaces';

    before(async () => {
      await done(slice().operator, made(lost, { ...marks, [SLICE_LABEL]: uid }));
      await done(BREAKING_GLASS, labelled(lost, { [SLICE_LABEL]: null }));
    });
    after(() => done(BREAKING_GLASS, removed(lost)));

    it('to giving it the label of its Grant again, and no other', async () => {
      expect(await may(labelled(lost, { [SLICE_LABEL]: uid }))).to.equal('yes');
      expect(await may(labelled(lost, { [SLICE_LABEL]: uid, 'pod-security.kubernetes.io/enforce': 'restricted' }))).to.equal('yes');
      const other = randomUUID();
      for (const labels of [{ [SLICE_LABEL]: other }, { [SLICE_LABEL]: other, [ownership.OWNER_UID_LABEL]: other }, { a: 'b' }])
        expect(await may(labelled(lost, labels)), JSON.stringify(labels)).to.equal(CONFINED);
    });

    it('to deleting it', async () => expect(await may(removed(lost))).to.equal('yes'));

    it('to mending what is in it once it has the label', async () => {
      const quota: Act = {
        method: 'POST',
        path: `${namespaces}/${lost}/resourcequotas`,
        body: { metadata: { name: 'grant', labels: marks } },
      };
      const policies = `/apis/networking.k8s.io/v1/namespaces/${lost}/networkpolicies`;
      const policy: Act = { method: 'POST', path: policies, body: { metadata: { name: 'grant-dns' }, spec: { podSelector: {} } } };
      for (const act of [quota, policy]) expect(await may(act)).to.equal('keystone-operator-outside');
      await done(slice().operator, labelled(lost, { [SLICE_LABEL]: uid }));
      for (const act of [quota, policy]) await eventually(async () => expect(await may(act)).to.equal('yes'));
      // Whoever breaks the glass may also have given it the label of another Grant.
      await done(BREAKING_GLASS, labelled(lost, { [SLICE_LABEL]: randomUUID() }));
      await done(slice().operator, labelled(lost, { [SLICE_LABEL]: uid }));
      await done(BREAKING_GLASS, labelled(lost, { [SLICE_LABEL]: null }));
    });

    it('and keep others from what it is, whatever they may do in it', async () => {
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'test-everything' };
      const body = { metadata: { name: 'guest' }, roleRef, subjects: [{ kind: 'User', name: 'guest' }] };
      const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${lost}/rolebindings`;
      await done(OWNER, { method: 'POST', path, body });
      for (const who of [slice().guest, OWNER])
        for (const act of [labelled(lost, { a: 'b' }), labelled(lost, { [ownership.OWNER_UID_LABEL]: randomUUID() }), removed(lost)])
          await eventually(async () => expect(refuserOf(await slice().does(who, act, true))).to.equal('keystone-slice-namespace'));
    });

    for (const [name, as, labels] of [
      ['of another name', `test-${randomUUID().slice(0, 8)}`, marks],
      ['with a name that ends otherwise', `${lost}-x`, marks],
      ['of nobody', `grant-nobody-${randomUUID().slice(0, 8)}`, { [CONTROLLER_LABEL]: GRANT_CONTROLLER }],
      ['of an owner that is no uid', `grant-no-uid-${randomUUID().slice(0, 8)}`, { ...marks, [ownership.OWNER_UID_LABEL]: 'x' }],
      ['of another controller', `grant-other-${randomUUID().slice(0, 8)}`, { ...marks, [CONTROLLER_LABEL]: 'workspace' }],
      ['that names an owner only', `grant-owned-${randomUUID().slice(0, 8)}`, { [ownership.OWNER_UID_LABEL]: uid }],
    ] as const) {
      it(`and out of a lookalike ${name}`, async () => {
        await done(BREAKING_GLASS, made(as, labels));
        for (const act of [
          labelled(as, { [SLICE_LABEL]: uid }),
          labelled(as, { [SLICE_LABEL]: 'x' }),
          labelled(as, { a: 'b' }),
          removed(as),
        ])
          expect(await may(act), JSON.stringify(act)).to.equal(CONFINED);
        await done(BREAKING_GLASS, removed(as));
      });
    }
  });
});
