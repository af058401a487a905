import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect } from 'chai';
import { eventually } from '../env/eventually.ts';
import { kill, partition, pause, restart } from '../env/realm-faults.ts';
import { probe, type Probe } from '../env/realm-probe.ts';
import type { RealmNode } from '../env/realm.ts';
import { slowLink } from '../env/slow-link.ts';
import { realm, useRealm } from './hooks.ts';
import { pod } from './pods.ts';

const NS = 'faults';
const PATIENCE = { withinMs: 60_000 };

describe('what befalls a realm', function () {
  this.timeout(180_000);
  useRealm();
  let first: RealmNode;
  let second: RealmNode;
  const probes: Probe[] = [];
  const kubectl = (...args: readonly string[]): Promise<string> => realm().kubectl(['-n', NS, ...args], { withinMs: 100_000 });
  const between = async (): Promise<Probe> => {
    const address = await kubectl('get', 'pod', 'there', '-o', 'jsonpath={.status.podIP}');
    const made = probe(realm(), { namespace: NS, pod: 'here' }, `${address}:7777`);
    probes.push(made);
    await made.until('open', PATIENCE);
    return made;
  };

  const startsOf = async (name: string): Promise<number> =>
    Number(await kubectl('get', 'pod', name, '-o', 'jsonpath={.status.containerStatuses[0].restartCount}'));
  /** Until its kubelet is back and has looked, a Pod of a node that was away seems to be as it was. */
  const untilRunsAnew = async (name: string, before: number): Promise<void> => {
    await eventually(async () => expect(await startsOf(name)).to.be.greaterThan(before), PATIENCE);
    await kubectl('wait', '--for=condition=Ready', '--timeout=60s', `pod/${name}`);
  };

  before(async () => {
    [first, second] = realm().nodes as [RealmNode, RealmNode];
    await realm().kubectl(['create', 'namespace', NS]);
    await eventually(() => kubectl('get', 'serviceaccount', 'default'));
    await realm().apply(pod(NS, 'here', { node: first.name }), pod(NS, 'there', { node: second.name }));
    await kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'pod', '--all');
  });
  afterEach(() => {
    for (const made of probes.splice(0)) made.stop();
  });
  after(() => kubectl('delete', 'namespace', NS, '--wait=false'));

  it('two nodes that are cut off from each other find each other again', async () => {
    const watched = await between();
    const mend = await partition(realm(), first, second);
    await watched.until('closed', PATIENCE);
    await mend();
    await watched.until('open', PATIENCE);
  });

  it('nodes of which one was restarted meanwhile find each other again, too', async () => {
    const started = await startsOf('here');
    const mend = await partition(realm(), first, second);
    await restart(first);
    await mend();
    await untilRunsAnew('here', started);
    await between();
  });

  it('a node that hangs goes on where it was', async () => {
    const watched = await between();
    const resume = await pause(second);
    await watched.until('closed', PATIENCE);
    await resume();
    await watched.until('open', PATIENCE);
  });

  it('a node that loses power runs its Pods again', async () => {
    const started = await startsOf('there');
    const start = await kill(second);
    await start();
    await untilRunsAnew('there', started);
    await between();
  });

  it('a link is as slow as it is told, and ends when it is cut', async () => {
    const far = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(far, 'listening');
    const bound = far.address();
    const link = await slowLink('127.0.0.1', ['127.0.0.1', typeof bound === 'object' && bound !== null ? bound.port : 0]);
    const [host = '', port] = link.address.split(':');
    const socket = connect(Number(port), host);
    const roundTrip = async (): Promise<number> => {
      const since = performance.now();
      socket.write('there and back');
      await once(socket, 'data');
      return performance.now() - since;
    };
    await roundTrip();
    link.set({ delayMs: 100 });
    // Each way takes the delay, so less is impossible, however quick the machine.
    expect(await roundTrip()).to.be.greaterThan(190);
    link.cut();
    await once(socket, 'close');
    await link.close();
    far.close();
  });
});
