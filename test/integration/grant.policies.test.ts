// oxlint-disable max-lines -- one slice, which takes seconds to make, serves all of these tests
import { expect } from 'chai';
import { ALLOWED_STORAGE_CLASSES, grantPolicies } from '../../api/keystone/v1alpha1/grant.policies.ts';
import type { Answer } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { controlPlane } from '../env/hooks.ts';
import { kubectl } from '../env/kubectl.ts';
import { must } from '../env/operator.ts';
import { ATTACKS } from './grant.attacks.ts';
import {
  DAEMON,
  DECENT,
  DECENT_ENDS,
  FORBIDDEN,
  FORBIDDEN_BEYOND,
  HELD,
  JOB,
  LARGE,
  PERMITTED,
  PERMITTED_BEYOND,
  VOLUME,
  WEB,
} from './grant.decent.ts';
import { HOSTILE_ENDS, HOSTILE_PODS, podSpec, podWith } from './grant.hostile-pods.ts';
import {
  BREAKING_GLASS,
  CONTROLLER,
  KUBELET,
  makeSlice,
  messageOf,
  NEIGHBOUR,
  OWNER,
  refuserOf,
  type Act,
  type Person,
  type Slice,
} from './grant.slice.ts';

interface Policy {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly status?: { readonly observedGeneration?: number; readonly typeChecking?: { readonly expressionWarnings?: readonly object[] } };
}

describe('FR-004 · a slice without an operator', function () {
  this.timeout(60_000);
  let slice: Slice;
  const people = (): Record<'guest' | 'workload' | 'neighbour' | 'controller' | 'owner', Person> => ({
    guest: slice.guest,
    workload: slice.workload,
    neighbour: NEIGHBOUR,
    controller: CONTROLLER,
    owner: OWNER,
  });
  const here = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll('SLICE', slice.name)) as T;
  const done = async (who: Person, act: Act): Promise<unknown> => {
    const { status, body } = await slice.does(who, act);
    expect([200, 201, 202], JSON.stringify(body)).to.include(status);
    return body;
  };
  const post = (path: string, body: object): Promise<unknown> => done(slice.guest, { method: 'POST', path, body });
  const remove = (path: string): Promise<unknown> => done(slice.guest, { method: 'DELETE', path });
  const place = (name: string): Promise<unknown> => {
    const body = { metadata: { name }, target: { kind: 'Node', name: 'node-1' } };
    return done({ 'impersonate-user': 'system:kube-scheduler' }, { method: 'POST', path: `pods/${name}/binding`, body });
  };
  /** What a kubelet does once the containers have ended. */
  const end = (name: string): Promise<unknown> => done(KUBELET, { method: 'DELETE', path: `pods/${name}?gracePeriodSeconds=0` });
  const gone = async (path: string): Promise<void> => {
    await eventually(async () => expect((await slice.does(OWNER, { method: 'GET', path })).status, path).to.equal(404), {
      withinMs: 30_000,
    });
  };

  before(async () => {
    slice = await makeSlice();
    const classes: readonly (readonly [string, object])[] = [
      ['/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'test-high' }, value: 1000 }],
      ['/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name: 'test-runtime' }, handler: 'runc' }],
    ];
    for (const [path, body] of classes) await slice.does(OWNER, { method: 'POST', path, body });
    await post('configmaps', { metadata: { name: 'plain' } });
    await post('services', { metadata: { name: 'plain' }, spec: { ports: [{ port: 80 }] } });
    await post('pods', podWith({}, 'plain'));
    await post('apps/v1:deployments', { ...WEB, metadata: { name: 'plain' }, spec: { ...WEB.spec, replicas: 0 } });
  });
  after(async () => {
    await slice.does(slice.operator, { method: 'DELETE', path: `/api/v1/namespaces/${slice.name}` });
    // Other tests of this process want to see the operator's account with its own rights only.
    await must(controlPlane(), ['delete', 'clusterrolebinding,clusterrole', 'test-everything']);
    await slice.close();
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
    for (const { name, by, says, ...pod } of HOSTILE_PODS) {
      it(name, async () => {
        const answer = await slice.does(slice.guest, { method: 'POST', path: 'pods', body: podWith(pod) }, true);
        expect(refuserOf(answer)).to.equal(by);
        expect(messageOf(answer)).to.match(new RegExp(says.replace(/[().]/g, String.raw`\$&`)));
        expect(answer.status).to.equal(403);
      });
    }

    it('several things at once, with a sentence for each', async () => {
      const hostile = podWith({ spec: { nodeName: 'node-1', tolerations: [{ operator: 'Exists' }], terminationGracePeriodSeconds: 301 } });
      const message = messageOf(await slice.does(slice.guest, { method: 'POST', path: 'pods', body: hostile }, true));
      for (const word of ['nodeName', 'tolerations', 'terminationGracePeriodSeconds']) expect(message).to.contain(word);
    });
  });

  for (const [aim, attacks] of Object.entries(ATTACKS)) {
    describe(`refuses whoever, aiming at ${aim},`, () => {
      for (const { name, by, who = 'guest', ...act } of attacks) {
        it(name, async () => {
          const answer = await slice.does(people()[who], here(act), true);
          expect(refuserOf(answer)).to.equal(by);
          expect(answer.status).to.equal(403);
        });
      }
    });
  }

  describe('leaves the end of a pod that runs', () => {
    before(async () => {
      await post('pods', podWith({}, 'runs'));
      await place('runs');
    });
    after(() => end('runs'));

    for (const { name, by, who = 'guest', ...act } of HOSTILE_ENDS) {
      it(`to the node, and refuses whoever ${name}`, async () => {
        const answer = await slice.does(people()[who], act, true);
        expect(refuserOf(answer)).to.equal(by);
        expect(answer.status).to.equal(403);
      });
    }

    for (const [name, act] of DECENT_ENDS) {
      it(`to a guest who ${name}`, async () => {
        const { status, body: answer } = await slice.does(slice.guest, act, true);
        expect([200, 201], JSON.stringify(answer)).to.include(status);
      });
    }

    it('to those who serve the cluster, at once', async () => {
      for (const who of [KUBELET, CONTROLLER, { 'impersonate-user': 'system:kube-scheduler' }, BREAKING_GLASS])
        expect((await slice.does(who, { method: 'DELETE', path: 'pods/runs?gracePeriodSeconds=0' }, true)).status).to.equal(200);
    });
  });

  it('lets guests clear away a pod that has ended, or that asked for no time to end', async () => {
    const hasty = podWith({ spec: { terminationGracePeriodSeconds: 0 } }, 'hasty');
    for (const [name, pod] of [
      ['ended', podWith({}, 'ended')],
      ['hasty', hasty],
    ] as const) {
      await post('pods', pod);
      await place(name);
    }
    await done(KUBELET, { method: 'PATCH', path: 'pods/ended/status', body: { status: { phase: 'Succeeded' } } });
    for (const name of ['ended', 'hasty']) await remove(`pods/${name}`);
  });

  it('lets controllers make what they make, with their finalizers', async () => {
    const job = podWith({ metadata: { finalizers: ['batch.kubernetes.io/job-tracking'] } });
    const daemon = podWith(DAEMON);
    for (const body of [job, daemon]) {
      const { status, body: answer } = await slice.does(CONTROLLER, { method: 'POST', path: 'pods', body }, true);
      expect(status, JSON.stringify(answer)).to.equal(201);
    }
    const greedy = podWith({ ...DAEMON, spec: { tolerations: [...DAEMON.spec.tolerations, { operator: 'Exists' }] } });
    for (const [who, body] of [
      [CONTROLLER, greedy],
      [slice.guest, daemon],
    ] as const)
      expect(refuserOf(await slice.does(who, { method: 'POST', path: 'pods', body }, true))).to.equal('keystone-slice-pods');
  });

  it('leaves a Grant that came into a slice to the operator, and to who clears it away', async () => {
    const path = 'keystone.io/v1alpha1:grants';
    await done(BREAKING_GLASS, { method: 'POST', path, body: here({ ...HELD, metadata: { name: 'stray' } }) });
    const grow: Act = { method: 'PATCH', path: `${path}/stray`, body: { spec: { hard: { 'requests.cpu': '9' } } } };
    expect(refuserOf(await slice.does(slice.guest, grow, true))).to.equal('keystone-slice-kinds');
    await done(slice.operator, { method: 'PATCH', path: `${path}/stray`, body: { metadata: { finalizers: ['keystone.io/grant'] } } });
    await done(slice.operator, { method: 'PATCH', path: `${path}/stray/status`, body: { status: { epoch: 0 } } });
    await remove(`${path}/stray`);
    await done(slice.operator, { method: 'PATCH', path: `${path}/stray`, body: { metadata: { finalizers: [] } } });
  });

  it('refuses what controllers would make from a hostile template', async () => {
    const labels = { app: 'hostile' };
    const template = { metadata: { labels }, spec: podSpec({ resources: { limits: { 'example.com/fpga': '1' } } }) };
    await post('apps/v1:deployments', { metadata: { name: 'hostile' }, spec: { selector: { matchLabels: labels }, template } });
    await eventually(async () => {
      const { body } = await slice.does(slice.guest, { method: 'GET', path: 'apps/v1:deployments/hostile' });
      const { status } = body as { status?: { conditions?: { type: string; message: string }[] } };
      expect(status?.conditions?.find(({ type }) => type === 'ReplicaFailure')?.message).to.contain('keystone-slice-pods');
    });
    await remove('apps/v1:deployments/hostile');
  });

  it('opens in an emergency, and only to who says that it is one', async () => {
    const act: Act = { method: 'DELETE', path: 'resourcequotas/grant' };
    expect((await slice.does(OWNER, act, true)).status).to.equal(403);
    expect((await slice.does(BREAKING_GLASS, act, true)).status).to.equal(200);
    expect((await slice.does(BREAKING_GLASS, { method: 'DELETE', path: `/api/v1/namespaces/${slice.name}` }, true)).status).to.equal(200);
    expect(
      (await slice.does(BREAKING_GLASS, { method: 'POST', path: 'pods', body: podWith({ spec: { nodeName: 'x' } }) }, true)).status,
    ).to.equal(201);
  });

  describe('lets guests', () => {
    for (const [name, path, body] of DECENT)
      it(name, async () => {
        const { status, body: answer } = await slice.does(slice.guest, { method: 'POST', path, body }, true);
        expect(status, JSON.stringify(answer)).to.equal(201);
      });

    it('run a pod as large as they come', async () => {
      const made = await slice.does(CONTROLLER, { method: 'POST', path: 'pods', body: LARGE }, true);
      expect(made.status, JSON.stringify(made.body)).to.equal(201);
      await post('pods', LARGE);
      await done(slice.guest, { method: 'PATCH', path: 'pods/large', body: { metadata: { annotations: { a: 'b' } } } });
      await remove('pods/large');
    });

    it('run, count, scale and delete a Deployment with all that belongs to it', async () => {
      await post('apps/v1:deployments', WEB);
      const used = async (): Promise<string | undefined> => {
        const { body } = await slice.does(slice.guest, { method: 'GET', path: 'resourcequotas/grant' });
        return (body as { status?: { used?: Record<string, string> } }).status?.used?.['pods'];
      };
      await eventually(async () => expect(await used()).to.equal('2'));
      await done(slice.guest, { method: 'PATCH', path: 'apps/v1:deployments/web/scale', body: { spec: { replicas: 2 } } });
      await eventually(async () => expect(await used()).to.equal('3'));
      await remove('apps/v1:deployments/web?propagationPolicy=Foreground');
      await gone(`/apis/apps/v1/namespaces/${slice.name}/deployments/web`);
      await eventually(async () => expect(await used()).to.equal('1'), { withinMs: 20_000 });
    });

    it('end a Job whose pods carry the finalizer of its controller', async () => {
      await post('batch/v1:jobs', JOB);
      const pods = async (): Promise<number> => {
        const { body } = await slice.does(slice.guest, { method: 'GET', path: 'pods?labelSelector=job-name%3Djob' });
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

  it('lets the rest of the cluster serve it, and leaves its limits to the Grant', async () => {
    const driver: Person = { 'impersonate-user': 'system:serviceaccount:storage:driver', 'impersonate-group': 'system:masters' };
    const event = { metadata: { name: 'x' }, involvedObject: { namespace: slice.name, kind: 'Pod', name: 'x' } };
    const post = async (who: Person, path: string, body: object): Promise<string> => {
      const answer = await slice.does(who, { method: 'POST', path, body }, true);
      return answer.status === 201 ? 'nobody' : refuserOf(answer);
    };
    expect(await post(driver, 'events', event)).to.equal('nobody');
    expect(await post(KUBELET, 'serviceaccounts/default/token', {})).to.equal('nobody');
    expect(await post(driver, 'resourcequotas', { metadata: { name: 'x' } })).to.equal('keystone-slice-limits');
    expect(await post(driver, 'pods', podWith({ spec: { nodeName: 'x' } }))).to.equal('keystone-slice-pods');
    expect(await post(driver, 'configmaps', { metadata: { name: 'x', finalizers: ['a.b/c'] } })).to.equal('keystone-slice-metadata');
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
    await other.does(other.operator, { method: 'DELETE', path: `/api/v1/namespaces/${other.name}` });
    await other.close();
  });

  it('ends when the operator deletes it, with all that guests and controllers made', async () => {
    const other = await makeSlice();
    const labels = { app: 'x' };
    // A namespace waits for as long as its pods may take.
    const template = { metadata: { labels }, spec: { ...podSpec(), terminationGracePeriodSeconds: 0 } };
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
    const path = `/api/v1/namespaces/${other.name}`;
    expect((await other.does(other.operator, { method: 'DELETE', path })).status).to.equal(200);
    await gone(path);
    await other.close();
  });

  describe('keeps the operator itself', () => {
    before(async () => {
      await done(OWNER, { method: 'POST', path: '/api/v1/persistentvolumes', body: here(VOLUME) });
      await done(OWNER, { method: 'POST', path: '/apis/keystone.io/v1alpha1/namespaces/default/grants', body: here(HELD) });
    });
    after(async () => {
      await done(OWNER, here({ method: 'DELETE', path: `/api/v1/persistentvolumes/${VOLUME.metadata.name}` }));
      await done(OWNER, here({ method: 'DELETE', path: '/apis/keystone.io/v1alpha1/namespaces/default/grants/SLICE' }));
    });

    for (const [name, by, act] of [...FORBIDDEN, ...FORBIDDEN_BEYOND])
      it(name, async () => expect(refuserOf(await slice.does(slice.operator, here(act), true))).to.equal(by));

    it('to its own namespace, its slices and events', async () => {
      for (const act of [...PERMITTED, ...PERMITTED_BEYOND])
        expect([200, 201], act.path).to.include((await slice.does(slice.operator, here(act), true)).status);
    });
  });

  describe('tells the owner', () => {
    const path = '/apis/keystone.io/v1alpha1/namespaces/default/grants';
    const said = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await kubectl(controlPlane().kubeconfigPath, [...args, '--dry-run=server', '-n', 'default']);
      expect(code, stderr).to.equal(0);
      return /denied request: (?<message>.*)|binding '[a-z-]+': (?<warning>.*)/.exec(stderr)?.groups?.['warning'] ?? stderr;
    };
    const patching = (spec: object): Promise<string> => said('patch', 'grant', 'told', '--type=merge', '-p', JSON.stringify({ spec }));

    before(async () => {
      const spec = {
        grantorRealm: 'alice-home',
        granteeRealm: 'bob-home',
        hard: { 'requests.cpu': '4', 'requests.memory': '8Gi', 'requests.storage': '100Gi', pods: '10' },
      };
      const body = { apiVersion: 'keystone.io/v1alpha1', kind: 'Grant', metadata: { name: 'told' }, spec };
      await eventually(() => done(OWNER, { method: 'POST', path, body }));
      const status = {
        namespace: 'grant-bob-home-told-1',
        epoch: 0,
        hard: { 'requests.cpu': '4' },
        used: { pods: '3', 'requests.cpu': '3', 'limits.cpu': '3', 'requests.memory': '1Gi', 'requests.storage': '20Gi' },
      };
      await done(OWNER, { method: 'PATCH', path: `${path}/told/status`, body: { status } });
    });
    after(() => done(OWNER, { method: 'DELETE', path: `${path}/told` }));

    it('what ends with a Grant that is deleted', async () =>
      eventually(async () =>
        expect(await said('delete', 'grant', 'told')).to.equal(
          'this ends 3 pods of bob-home in grant-bob-home-told-1; volumes are kept for 168h',
        ),
      ));

    it('what ends when a Grant is to end, or to end earlier', async () => {
      const until = (year: number): object => ({ validity: { validUntil: `${year}-01-01T00:00:00Z` } });
      const ending = /this ends 3 pods of bob-home in grant-bob-home-told-1/;
      expect(await patching(until(2099))).to.match(ending);
      await done(OWNER, { method: 'PATCH', path: `${path}/told`, body: { spec: until(2099) } });
      expect(await patching(until(2098))).to.match(ending);
      for (const later of [until(2099), until(2100), { validity: { validUntil: '2098-12-31T23:00:00-01:00' } }, { validity: null }])
        expect(await patching(later)).not.to.match(ending);
    });

    it('what ends with a Grant that is revoked', async () => {
      expect(await patching({ revoked: true })).to.contain('this ends 3 pods of bob-home in grant-bob-home-told-1');
      expect(await patching({ revoked: true, revocation: 'Immediate' })).to.contain(
        'this ends 3 pods of bob-home in grant-bob-home-told-1',
      );
    });

    it('what does not end when a Grant shrinks', async () => {
      const message = await patching({ hard: { 'requests.cpu': '2', pods: '1' } });
      expect(message).to.match(
        /^this lends less than is used by bob-home in grant-bob-home-told-1: .*; of 3 pods none ends, and none begins until less is used$/,
      );
      // A limit that is not named follows its request.
      for (const part of ['requests.cpu 2 of 3', 'limits.cpu 2 of 3', 'pods 1 of 3']) expect(message).to.contain(part);
      expect(await patching({ hard: { 'requests.cpu': '3500m' } })).to.equal('');
    });

    it('what does not end when a Grant is left with the defaults', async () => {
      const message = await patching({ hard: null });
      for (const part of ['requests.cpu 1 of 3', 'limits.cpu 2 of 3', 'requests.storage 10Gi of 20Gi']) expect(message).to.contain(part);
      expect(message).not.to.contain('requests.memory');
    });
  });
});
