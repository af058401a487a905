import { expect } from 'chai';
import { FORBIDDEN, FORBIDDEN_BEYOND, HELD, PERMITTED, PERMITTED_BEYOND, VOLUME } from './grant.decent.ts';
import { OWNER, refuserOf } from './grant.slice.ts';
import { useSlice } from './grant.use-slice.ts';

describe('FR-004 · the policies keep the operator itself', function () {
  this.timeout(60_000);
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
});
