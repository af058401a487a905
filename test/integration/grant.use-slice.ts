/** A slice for all tests of a describe(), and what they do in it again and again. */
import { expect } from 'chai';
import { eventually } from '../env/eventually.ts';
import { controlPlane } from '../env/hooks.ts';
import { must } from '../env/operator.ts';
import { CONTROLLER, KUBELET, makeSlice, NEIGHBOUR, OWNER, type Act, type Person, type Slice } from './grant.slice.ts';

const SCHEDULER: Person = { 'impersonate-user': 'system:kube-scheduler' };

/** Makes a slice before the tests of the surrounding describe(), and takes it away after them. */
export function useSlice() {
  let made: Slice | undefined;
  const slice = (): Slice => {
    if (made === undefined) throw new Error('no slice yet: ask for it inside a test or hook');
    return made;
  };
  before(async () => {
    made = await makeSlice();
  });
  after(async () => {
    if (made === undefined) return;
    await slice().does(slice().operator, { method: 'DELETE', path: `/api/v1/namespaces/${slice().name}` });
    // Other tests of this process want to see the operator's account with its own rights only.
    await must(controlPlane(), ['delete', 'clusterrolebinding,clusterrole', 'test-everything']);
    await slice().close();
  });
  return { slice, ...actsIn(slice) };
}

/** What people do in a slice, each of which must succeed. */
function actsIn(slice: () => Slice) {
  const done = async (who: Person, act: Act): Promise<unknown> => {
    const { status, body } = await slice().does(who, act);
    expect([200, 201, 202], JSON.stringify(body)).to.include(status);
    return body;
  };
  return {
    done,
    /** The guest makes something. */
    post: (path: string, body: object): Promise<unknown> => done(slice().guest, { method: 'POST', path, body }),
    /** The guest removes something. */
    remove: (path: string): Promise<unknown> => done(slice().guest, { method: 'DELETE', path }),
    /** A pod comes to a node. */
    place: (name: string): Promise<unknown> => {
      const body = { metadata: { name }, target: { kind: 'Node', name: 'node-1' } };
      return done(SCHEDULER, { method: 'POST', path: `pods/${name}/binding`, body });
    },
    /** What a kubelet does once the containers have ended. */
    end: (name: string): Promise<unknown> => done(KUBELET, { method: 'DELETE', path: `pods/${name}?gracePeriodSeconds=0` }),
    gone: async (path: string): Promise<void> => {
      await eventually(async () => expect((await slice().does(OWNER, { method: 'GET', path })).status, path).to.equal(404), {
        withinMs: 30_000,
      });
    },
    /** The same with the name of the slice in place of SLICE. */
    here: <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll('SLICE', slice().name)) as T,
    person: (who: 'guest' | 'workload' | 'neighbour' | 'controller' | 'owner'): Person =>
      ({ guest: slice().guest, workload: slice().workload, neighbour: NEIGHBOUR, controller: CONTROLLER, owner: OWNER })[who],
  };
}
