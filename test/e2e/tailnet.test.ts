import { expect } from 'chai';
import { attempt } from '../../hack/testbed/steps.ts';
import { eventually } from '../env/eventually.ts';
import { restart } from '../env/realm-faults.ts';
import { holdConnection, probe, type Probe, untilCut, untilOutlived } from '../env/realm-probe.ts';
import { type Realm, startRealm } from '../env/realm.ts';
import { type Gateway, startTailnet, type Tailnet } from '../env/tailnet.ts';
import { expectClosed, expectFailure, rulesHere } from './closed.ts';
import { pod, service } from './pods.ts';

const NS = 'shop';
const PATIENCE = { withinMs: 30_000 };
const EVERYBODY = { acls: [{ action: 'accept', src: ['*'], dst: ['*:*'] }] };

describe('two realms in one tailnet', function () {
  this.timeout(180_000);
  let realms: readonly Realm[] = [];
  let tailnet: Tailnet;
  let lender: Gateway;
  let borrower: Gateway;
  const probes: Probe[] = [];

  before(async function () {
    this.timeout(15 * 60_000);
    realms = await Promise.all([startRealm({ name: 'lender' }), startRealm({ name: 'borrower' })]);
    tailnet = await startTailnet(realms);
    [lender, borrower] = tailnet.gateways as [Gateway, Gateway];
    await Promise.all(
      realms.map(async (realm) => {
        await realm.kubectl(['create', 'namespace', NS]);
        await eventually(() => realm.kubectl(['-n', NS, 'get', 'serviceaccount', 'default']));
        await realm.apply(pod(NS, 'web'), service(NS, 'web'));
        await realm.kubectl(['-n', NS, 'wait', '--for=condition=Ready', '--timeout=60s', 'pod/web'], { withinMs: 70_000 });
      }),
    );
    await lender.serve(80, `web.${NS}.svc.cluster.local:80`);
    await lender.serve(7777, `web.${NS}.svc.cluster.local:7777`);
  });
  afterEach(() => {
    for (const made of probes.splice(0)) made.stop();
  });
  after(async () => {
    await tailnet?.stop();
    await Promise.all(realms.map((realm) => realm.stop()));
  });

  const client = { namespace: NS, pod: 'web' };
  const kept = (made: Probe): Probe => (probes.push(made), made);
  const watch = (port = 7777): Probe => kept(probe(borrower.realm, client, `${lender.address}:${port}`, borrower.proxy));
  const hold = (): Probe => kept(holdConnection(borrower.realm, client, `${lender.address}:7777`, borrower.proxy));

  /**
   * Neither a Pod nor a node of one reaches the other past the tailnet. The API server listens at every address of the lender's
   * node; the one of Pods is the borrower's own, too.
   */
  async function opensNoOtherWay(): Promise<void> {
    const dial = (address: string, seconds = 2): Promise<string> =>
      borrower.realm.nodes[0].exec('timeout', String(seconds), 'bash', '-c', `exec 3<>/dev/tcp/${address}/6443`);
    await dial(borrower.realm.nodes[0].address, 20);

    const [node] = lender.realm.nodes;
    const all = (await node.exec('hostname', '--all-ip-addresses')).trim().split(/\s+/);
    const addresses = all.filter((address) => !address.endsWith('.0.1'));
    expect(addresses).to.have.lengthOf(2);
    for (const address of addresses) {
      await kept(probe(borrower.realm, client, `${address}:6443`)).until('closed', PATIENCE);
      await expectFailure(() => dial(address));
    }
  }

  it('lets a Pod of one call a Service of the other', async () => {
    const command = ['-n', NS, 'exec', 'web', '--', '/pod', 'get', `http://${lender.address}/across`, borrower.proxy];
    await eventually(async () => expect(await borrower.realm.kubectl(command)).to.include('host=web path=/across'), PATIENCE);
  });

  it('leads directly from one to the other, although both stand behind a wall', async () => {
    await eventually(
      async () => {
        const pong = await borrower.tailscale(['ping', '--c=10', '--timeout=2s', lender.name]);
        expect(pong).to.match(/via \d+\.\d+\.\d+\.\d+:\d+ in/);
      },
      { withinMs: 90_000 },
    );
  });

  it('opens no other way from one to the other', opensNoOtherWay);

  it('lets no packet out of this machine', function () {
    const rules = rulesHere(this);
    for (const { name } of [tailnet, ...realms]) expectClosed(name, rules);
  });

  it('asks nobody for names, who would ask others from where no rule of the network holds', async () => {
    for (const { nodes } of realms) expect(await nodes[0].exec('cat', '/etc/resolv.conf')).to.equal('');
    const { ok, output } = attempt('docker', 'cp', `${tailnet.name}:/etc/resolv.conf`, '-');
    expect(ok, output).to.equal(true);
    expect(output).to.include('resolv.conf').and.not.include('nameserver');
  });

  it('lets nobody through whom the policy does not name, and to nothing else', async () => {
    const [lines, web] = [watch(), watch(80)];
    await Promise.all([lines.until('open', PATIENCE), web.until('open', PATIENCE)]);
    await tailnet.setPolicy({ acls: [{ action: 'accept', src: [borrower.address], dst: [`${lender.address}:80`] }] });
    const denied = Date.now();
    console.log(`      closed ${(await lines.until('closed', PATIENCE)).at - denied} ms after the policy was set`);
    await web.until('open', PATIENCE);
    await tailnet.setPolicy({ acls: [{ action: 'accept', src: [lender.address], dst: [`${borrower.address}:80`] }] });
    await web.until('closed', PATIENCE);
    await tailnet.setPolicy(EVERYBODY);
    const allowed = Date.now();
    console.log(`      opened ${(await lines.until('open', PATIENCE)).at - allowed} ms after the policy was set`);
    await web.until('open', PATIENCE);
  });

  it('cuts a connection that a policy leaves alone when the key of a gateway ends', async () => {
    const held = hold();
    const watched = watch();
    await Promise.all([held.until('alive', PATIENCE), watched.until('open', PATIENCE)]);
    await tailnet.setPolicy({ acls: [] });
    const { at: denied } = await watched.until('closed', PATIENCE);
    const outlived = await untilOutlived(held, denied, PATIENCE);
    await tailnet.expire(borrower);
    const { at: cut } = await untilCut(held, PATIENCE);
    expect(cut).to.be.at.least(outlived);
    console.log(`      cut ${cut - outlived} ms after the key was ended`);
  });

  // The last one: a gateway keeps what it is in memory, and has to join anew afterwards.
  it('opens no other way when the node behind the wall was restarted', async () => {
    await restart(lender.realm.nodes[0]);
    await opensNoOtherWay();
  });
});
