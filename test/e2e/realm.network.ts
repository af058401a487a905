import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { eventually } from '../env/eventually.ts';
import { holdConnection, probe, type Probe, untilCut, untilOutlived } from '../env/realm-probe.ts';
import type { Realm } from '../env/realm.ts';
import { droppedFrom, expectClosed, expectFailure, rulesHere } from './closed.ts';
import { realm, useRealm } from './hooks.ts';
import { pod, service } from './pods.ts';
import { allowEgressTo, allowEgressToAddress, denyEgress, denyIngress } from './policies.ts';

const NS = 'network';
const PATIENCE = { withinMs: 30_000 };
/** An address for documentation, which nobody has. */
const NOWHERE = '192.0.2.1';

describe('a realm enforces network policies', function () {
  this.timeout(180_000);
  useRealm();
  let outside: Server;
  const probes: Probe[] = [];
  const targets = new Map<string, string>();
  const kubectl = (...args: readonly string[]): Promise<string> => realm().kubectl(['-n', NS, ...args], { withinMs: 100_000 });
  const watch = (address: string, name = 'client'): Probe => kept(probe(realm(), { namespace: NS, pod: name }, address));
  const hold = (address: string): Probe => kept(holdConnection(realm(), { namespace: NS, pod: 'client' }, address));
  const kept = (made: Probe): Probe => (probes.push(made), made);
  const addressOf = (name: string): Promise<string> => kubectl('get', 'pod', name, '-o', 'jsonpath={.status.podIP}');

  before(async () => {
    const [first, second] = realm().nodes.map(({ name }) => name) as [string, string];
    outside = createServer((socket) => socket.pipe(socket)).listen(0, gatewayOf(realm()));
    await once(outside, 'listening');
    await realm().kubectl(['create', 'namespace', NS]);
    await eventually(() => kubectl('get', 'serviceaccount', 'default'));
    await realm().apply(
      pod(NS, 'client', { node: second }),
      pod(NS, 'near', { node: second }),
      pod(NS, 'far', { node: first }),
      service(NS, 'far'),
    );
    await kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'pod', '--all');
    targets.set('a Pod on the same node', `${await addressOf('near')}:7777`);
    targets.set('a Pod on another node', `${await addressOf('far')}:7777`);
    targets.set('a Service', `${await kubectl('get', 'service', 'far', '-o', 'jsonpath={.spec.clusterIP}')}:7777`);
    targets.set('a node', `${realm().nodes[0].address}:5000`);
    targets.set('the API server', '10.96.0.1:443');
    targets.set('the machine outside', `${gatewayOf(realm())}:${portOf(outside)}`);
  });
  afterEach(async () => {
    for (const made of probes.splice(0)) made.stop();
    await kubectl('delete', 'networkpolicies', '--all');
  });
  after(async () => {
    outside?.close();
    await kubectl('delete', 'namespace', NS, '--wait=false');
  });

  it('closes every way out of a Pod that may call nobody, and opens exactly what is allowed again', async () => {
    const watched = new Map([...targets].map(([name, address]) => [name, watch(address)]));
    await Promise.all([...watched.values()].map((one) => one.until('open', PATIENCE)));
    const denied = Date.now();
    await realm().apply(denyEgress(NS));
    const returned = Date.now();
    const closed = await Promise.all([...watched.values()].map((one) => one.until('closed', PATIENCE)));
    const took = (changes: readonly { at: number }[], since: number): number => Math.max(...changes.map(({ at }) => at)) - since;
    console.log(`      closed ${took(closed, denied)} ms after kubectl apply began, ${took(closed, returned)} ms after it ended`);

    const allowed = Date.now();
    await realm().apply(allowEgressTo(NS, 'far', 7777), allowEgressToAddress(NS, realm().nodes[0].address, 5000));
    const opens = ['a Pod on another node', 'a Service', 'a node'];
    const opened = await Promise.all(opens.map((name) => watched.get(name)?.until('open', PATIENCE) ?? Promise.reject(new Error(name))));
    console.log(`      opened ${took(opened, allowed)} ms after kubectl apply began`);
    for (const [name, one] of watched) await one.until(opens.includes(name) ? 'open' : 'closed', PATIENCE);
    await watch(`${await addressOf('far')}:8080`).until('closed', PATIENCE);
  });

  it('lets no packet out of this machine', async function () {
    const rules = rulesHere(this);
    expectClosed(realm().name, rules);
    // A rule that nothing reaches stops nothing: what a node and a Pod send to nowhere must end there.
    for (const send of [
      () => expectFailure(() => realm().nodes[0].exec('timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${NOWHERE}/80`)),
      () => watch(`${NOWHERE}:80`).until('closed', PATIENCE),
    ]) {
      const before = droppedFrom(realm().name);
      await send();
      // The policy of the test before may still be in force on the node, and nothing gets as far.
      await eventually(() => expect(droppedFrom(realm().name)).to.be.greaterThan(before), PATIENCE);
    }
    // Docker's own resolver would ask in a node's stead, from where no rule of the node's network holds. It knows all nodes by name.
    for (const name of ['example.com', realm().nodes[1]?.name ?? ''])
      await expectFailure(() => realm().nodes[0].exec('getent', 'hosts', name));
  });

  it('gives Pods no address of IPv6, at which neighbours would reach each other past all policies', async () => {
    for (const node of realm().nodes) {
      // A Pod that is going leaves a network without a device, and then none.
      await eventually(async () => {
        const addresses = await node.exec('sh', '-ec', 'for one in /run/netns/*; do nsenter --net=$one ip -o address show dev eth0; done');
        expect(addresses).to.include('inet 10.').and.not.include('inet6');
      }, PATIENCE);
    }
  });

  it('lets nothing in where nobody may call, from whichever node', async () => {
    const calls = [watch(`${await addressOf('near')}:7777`), watch(`${await addressOf('near')}:7777`, 'far')];
    await Promise.all(calls.map((one) => one.until('open', PATIENCE)));
    await realm().apply(denyIngress(NS, 'near'));
    await Promise.all(calls.map((one) => one.until('closed', PATIENCE)));
  });

  describe('as weakly as others do, which the product has to reckon with', () => {
    it('leaves connections that were open before, until somebody cuts them', async () => {
      const target = targets.get('a Pod on another node') ?? '';
      const held = hold(target);
      const fresh = watch(target);
      await Promise.all([held.until('alive', PATIENCE), fresh.until('open', PATIENCE)]);
      await realm().apply(denyEgress(NS));
      const { at: denied } = await untilStays(fresh, 'closed');
      const outlived = await untilOutlived(held, denied, PATIENCE);
      const node = realm().nodes[1] ?? realm().nodes[0];
      await node.exec('conntrack', '-D', '-s', await addressOf('client'));
      expect((await untilCut(held, PATIENCE)).at).to.be.at.least(outlived);
    });

    it('lets a new Pod call for a moment before it knows it', async () => {
      await realm().apply(denyEgress(NS));
      const [first, second] = realm().nodes.map(({ name }) => name) as [string, string];
      const names = ['early-1', 'early-2', 'early-3', 'early-4'];
      const target = targets.get('the API server') ?? '';
      await realm().apply(
        ...names.map((name, index) => pod(NS, name, { args: ['probe', target], node: index % 2 === 0 ? first : second })),
      );
      await kubectl('wait', '--for=condition=Ready', '--timeout=60s', ...names.map((name) => `pod/${name}`));
      const leaks = await Promise.all(
        names.map((name) =>
          eventually(async () => {
            const changes = (await kubectl('logs', name))
              .trim()
              .split('\n')
              .map((line) => line.split(' '));
            expect(changes.at(-1)?.[1]).to.equal('closed');
            return Number(changes.at(-1)?.[0]) - Number(changes[0]?.[0]);
          }, PATIENCE),
        ),
      );
      console.log(`      open for ${leaks.join(', ')} ms`);
      expect(Math.max(...leaks), 'nothing leaks any more: tell docs/testbed.md').to.be.greaterThan(0);
      await kubectl('delete', 'pod', ...names, '--wait=false');
    });

    it("always lets a Pod's own node in, and so whoever calls through the API server on it", async () => {
      await realm().apply(denyIngress(NS, 'far'), denyIngress(NS, 'near'));
      await watch(targets.get('a Pod on another node') ?? '').until('closed', PATIENCE);
      await watch(`${await addressOf('near')}:7777`, 'far').until('closed', PATIENCE);
      const through = (name: string): Promise<string> =>
        realm().kubectl(['get', '--raw', `/api/v1/namespaces/${NS}/pods/${name}:8080/proxy/`, '--request-timeout=5s']);
      expect(await through('far')).to.include('host=far');
      await expectFailure(() => through('near'));
    });
  });
});

/** One slow answer looks like a way that is closed: it has to last. */
const untilStays = (one: Probe, state: string) =>
  eventually(async () => {
    const change = await one.until(state, PATIENCE);
    expect(Date.now() - change.at).to.be.above(1_000);
    return change;
  }, PATIENCE);

const gatewayOf = ({ nodes: [{ address }] }: Realm): string => address.replace(/\d+$/, '1');

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
