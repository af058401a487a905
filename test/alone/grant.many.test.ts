import { expect } from 'chai';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import type { ResourceQuota } from '../../api/meta/builtin.ts';
import { grantController } from '../../controllers/grant/controller.ts';
import { skip } from '../../hack/verify/skip.ts';
import { connect, ok, type Api } from '../env/api.ts';
import { recordWrites } from '../env/audit.ts';
import { startControlPlane, type ControlPlane } from '../env/control-plane.ts';
import { runEngine, untilIdle, type RunningEngine } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import { installOperator, OPERATOR_NAMESPACE } from '../env/operator.ts';
import { carry, foundRealm } from '../grant/realm.ts';
import { grantsIn, realms } from '../grant/schema.ts';

const COUNT = 1000;
const USER_AGENT = 'keystone-operator/many';

describe('a thousand Grants', () => {
  let plane: ControlPlane;
  let api: Api;
  let kubeconfig = '';
  const engines: RunningEngine[] = [];

  // A control plane of its own: to take a thousand namespaces away again would take longer than the test.
  before(async function () {
    if (process.env['TEST_FULL'] === undefined) skip(this, 'takes minutes: make test-full runs it');
    plane = await startControlPlane();
    api = connect(plane);
    ({ kubeconfig } = await installOperator(plane));
    await foundRealm(api);
    await carry(api, { cpu: `${COUNT}`, memory: `${COUNT}Gi` });
  });
  after(async () => {
    await Promise.all(engines.map((engine) => engine.stop()));
    await api?.close();
    await plane?.stop();
  });

  async function run(): Promise<RunningEngine> {
    const controller = grantController({ grantNamespaces: [OPERATOR_NAMESPACE], capacityReserve: 0 });
    const engine = await runEngine([controller], { kubeconfig, userAgent: USER_AGENT });
    engines.push(engine);
    return engine;
  }

  /** What each Grant says of itself, by its slice. */
  const statuses = async (): Promise<ReadonlyMap<string, string>> => {
    const { items } = ok<{ items: Grant[] }>(await api.call('GET', grantsIn(OPERATOR_NAMESPACE), { timeoutMs: 60_000 }));
    return new Map(items.map(({ status }) => [status?.namespace ?? '', JSON.stringify(status)]));
  };
  const differing = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] =>
    [...after.keys()].filter((name) => after.get(name) !== before.get(name));

  const usable = async (): Promise<number> => {
    const { items } = ok<{ items: Grant[] }>(await api.call('GET', grantsIn(OPERATOR_NAMESPACE), { timeoutMs: 60_000 }));
    return items.filter(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Usable' && is === 'True')).length;
  };

  /** What kube-controller-manager has counted in each slice. */
  async function counted(): Promise<ReadonlyMap<string, string>> {
    const { items } = ok<{ items: ResourceQuota[] }>(await api.call('GET', '/api/v1/resourcequotas', { timeoutMs: 60_000 }));
    return new Map(items.map(({ metadata, status }) => [metadata.namespace ?? '', JSON.stringify(status)]));
  }

  /** Waits until it has counted all: what is used changes until then. */
  async function untilCounted(): Promise<void> {
    const before = await counted();
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(differing(before, await counted()), 'what is used still changes').to.deep.equal([]);
  }

  it('are settled within a minute of a restart, without a write', async () => {
    const hard = { 'requests.cpu': '1', 'requests.memory': '1Gi' };
    const grant = (i: number) => ({
      apiVersion: 'keystone.io/v1alpha1',
      kind: 'Grant',
      metadata: { name: `g${i}` },
      spec: { ...realms, hard },
    });
    const since = performance.now();
    const engine = await run();
    for (let i = 0; i < COUNT; i += 20)
      await Promise.all(
        Array.from({ length: 20 }, async (_, j) => ok(await api.call('POST', grantsIn(OPERATOR_NAMESPACE), { body: grant(i + j) }))),
      );
    await eventually(async () => expect(await usable()).to.equal(COUNT), { withinMs: 900_000, everyMs: 2000 });
    await eventually(() => untilIdle(engine), { withinMs: 60_000 });
    await eventually(untilCounted, { withinMs: 120_000 });
    await eventually(() => untilIdle(engine), { withinMs: 60_000 });
    await engine.stop();
    const [before, countedBefore] = [await statuses(), await counted()];
    const recording = await recordWrites(plane, api, { userAgent: new RegExp(USER_AGENT) });
    const made = performance.now();
    const again = await run();
    await eventually(() => untilIdle(again), { withinMs: 120_000 });
    const settled = performance.now();
    await again.stop();
    console.log(`      made in ${((made - since) / 1000).toFixed(0)} s, settled ${((settled - made) / 1000).toFixed(1)} s after a restart`);
    const [after, countedAfter] = [await statuses(), await counted()];
    // Kubernetes counts all anew every five minutes; what it finds to be otherwise is worth a write each.
    const anew = differing(countedBefore, countedAfter);
    if (anew.length > 0) console.log(`      ${anew.length} quotas were counted anew meanwhile`);
    const changed = differing(before, after).filter((slice) => !anew.includes(slice));
    // What was said anew tells more than who was written.
    expect(changed.map((slice) => `${slice} was ${before.get(slice)}, is ${after.get(slice)}`)).to.deep.equal([]);
    expect((await recording.writes()).length).to.be.at.most(anew.length);
    expect(settled - made).to.be.below(60_000);
  }).timeout(1_200_000);
});
