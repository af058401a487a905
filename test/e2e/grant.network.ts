import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../env/eventually.ts';
import { installInto } from '../env/install.ts';
import { holdFromNode, probe, type Probe, untilCut } from '../env/realm-probe.ts';
import type { Realm } from '../env/realm.ts';
import { realm, useRealm } from './hooks.ts';
import { pod, service } from './pods.ts';

const NS = 'neighbours';
const METADATA = '169.254.169.254';
const PATIENCE = { withinMs: 30_000 };
/** Pods have their grace period, and the operator says in between what it is at. */
const ENDS_WITHIN = { withinMs: 90_000 };
/** A probe that meets a closed way tries about three times a second. */
const STAYS_CLOSED_MS = 5_000;
/** Whoever is to run something in a slice before its guest has credentials. */
const BREAKING_GLASS = ['--as=owner', '--as-group=keystone:break-glass', '--as-group=system:masters'];

describe('the slice of a Grant on a real network', function () {
  this.timeout(240_000);
  useRealm();
  let outside: Server;
  let slice = '';
  const targets = new Map<string, string>();
  const probes: Probe[] = [];
  const addressOf = (name: string, namespace = NS): Promise<string> =>
    realm().kubectl(['-n', namespace, 'get', 'pod', name, '-o', 'jsonpath={.status.podIP}']);
  const untilReady = (namespace: string): Promise<string> =>
    realm().kubectl(['-n', namespace, 'wait', '--for=condition=Ready', '--timeout=90s', 'pod', '--all'], { withinMs: 100_000 });
  /** All ways out as seen from a Pod, each as it is by now. */
  const waysOut = (namespace: string, name: string): Map<string, Probe> =>
    new Map(
      [...targets].map(([target, address]) => {
        const made = probe(realm(), { namespace, pod: name, flags: BREAKING_GLASS }, address);
        probes.push(made);
        return [target, made];
      }),
    );

  before(async function () {
    this.timeout(15 * 60_000);
    await installInto(realm(), 'alice-home');
    const [first, second] = realm().nodes as [Realm['nodes'][0], Realm['nodes'][0]];
    outside = createServer((socket) => socket.pipe(socket)).listen(0, first.address.replace(/\d+$/, '1'));
    await once(outside, 'listening');
    // A cloud's metadata service stands on an address of its own on every node.
    for (const node of realm().nodes) {
      await node.exec('ip', 'address', 'add', `${METADATA}/32`, 'dev', 'lo');
      await node.exec('sh', '-c', '/opt/realm/pod serve >/dev/null 2>&1 &');
    }
    await realm().kubectl(['create', 'namespace', NS]);
    await eventually(() => realm().kubectl(['-n', NS, 'get', 'serviceaccount', 'default']));
    await realm().apply(pod(NS, 'near', { node: second.name }), pod(NS, 'far', { node: first.name }), service(NS, 'far'));
    await untilReady(NS);
    const hard = { 'requests.cpu': '500m', 'requests.memory': '512Mi', 'limits.cpu': '1', 'limits.memory': '1Gi', pods: '10' };
    const spec = { grantorRealm: 'alice-home', granteeRealm: 'bob-home', hard };
    const metadata = { name: 'for-bob', namespace: 'keystone-system' };
    await realm().apply({ apiVersion: 'keystone.io/v1alpha1', kind: 'Grant', metadata, spec });
    const grant = ['-n', 'keystone-system', 'grant/for-bob'];
    await realm().kubectl(['wait', '--for=condition=Ready', '--timeout=60s', ...grant], { withinMs: 70_000 });
    slice = await realm().kubectl(['get', ...grant, '-o', 'jsonpath={.status.namespace}']);
    await eventually(() => realm().kubectl(['-n', slice, 'get', 'serviceaccount', 'default']));
    await runInSlice('guest', second.name);
    await runInSlice('peer', first.name);
    await untilReady(slice);
    const port = outside.address();
    targets.set('outside', `${first.address.replace(/\d+$/, '1')}:${typeof port === 'object' ? port?.port : ''}`);
    targets.set('the API server by its Service', '10.96.0.1:443');
    targets.set('the API server by its node', `${first.address}:6443`);
    targets.set('another node', `${first.address}:7777`);
    targets.set('its own node', `${second.address}:7777`);
    targets.set('the kubelet of its node', `${second.address}:10250`);
    targets.set('the metadata service', `${METADATA}:7777`);
    targets.set('a Pod of another namespace on its node', `${await addressOf('near')}:7777`);
    targets.set('a Pod of another namespace elsewhere', `${await addressOf('far')}:7777`);
    targets.set('a Service', `${await realm().kubectl(['-n', NS, 'get', 'service', 'far', '-o', 'jsonpath={.spec.clusterIP}'])}:7777`);
  });
  afterEach(() => {
    for (const made of probes.splice(0)) made.stop();
  });
  after(() => outside?.close());

  async function runInSlice(name: string, node: string): Promise<void> {
    const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
    const object = pod(slice, name, { limits: { cpu: '250m', memory: '128Mi' } }) as { spec: { containers: [object] } };
    const [container] = object.spec.containers;
    const spec = {
      ...object.spec,
      nodeName: node,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ ...container, securityContext }],
    };
    await realm().kubectl(['create', ...BREAKING_GLASS, '--filename', '-'], { stdin: JSON.stringify({ ...object, spec }) });
  }

  it('stands where every way is open to others', async () => {
    for (const [target, watched] of waysOut(NS, 'near'))
      await watched.until('open', PATIENCE).catch((error: unknown) => expect.fail(`${target}: ${String(error)}`));
  });

  it('FR-004 · lets its guest out nowhere once it has started (test 14)', async () => {
    const untilClosed = async (): Promise<ReadonlyMap<string, Probe>> => {
      const ways = waysOut(slice, 'guest');
      for (const [target, watched] of ways)
        await watched.until('closed', PATIENCE).catch((error: unknown) => expect.fail(`${target}: ${String(error)}`));
      return ways;
    };
    const before = await untilClosed();
    const began = Date.now();
    const after = await untilClosed();
    // From then on no way is open for a moment, however often it is tried.
    await sleep(STAYS_CLOSED_MS);
    for (const [target, watched] of after)
      expect(
        watched.changes().map(({ state }) => state),
        target,
      ).to.deep.equal(['closed']);
    for (const [target, watched] of before) expect(watched.changes().at(-1)?.at, target).to.be.at.most(began);
  });

  it('lets those inside call each other, and find names', async () => {
    const inside = probe(realm(), { namespace: slice, pod: 'guest', flags: BREAKING_GLASS }, `${await addressOf('peer', slice)}:7777`);
    probes.push(inside);
    await inside.until('open', PATIENCE);
    const resolve = (name: string): Promise<string> =>
      realm().kubectl(['-n', slice, 'exec', ...BREAKING_GLASS, 'guest', '--', '/pod', 'resolve', name]);
    expect(await resolve(`far.${NS}.svc.cluster.local`)).to.match(/^10\.96\./);
    // Whoever answers for the whole world carries letters out.
    expect(await resolve('example.com').catch(String)).to.include('lookup example.com');
  });

  it('ends what is open when it is taken back', async () => {
    const node = realm().nodes[1] ?? realm().nodes[0];
    // No policy closes what a node is at with its own Pod: this ends with the Pod, or not at all.
    const held = holdFromNode(node, `${await addressOf('guest', slice)}:7777`);
    probes.push(held);
    await held.until('alive', PATIENCE);
    const revoked = Date.now();
    await realm().kubectl(['-n', 'keystone-system', 'patch', 'grant', 'for-bob', '--type=merge', '-p', '{"spec":{"revoked":true}}']);
    const { at } = await untilCut(held, ENDS_WITHIN);
    expect(at).to.be.at.least(revoked);
    console.log(`      ended ${at - revoked} ms after it was revoked`);
  });
});
