import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { KUBECTL } from '../../hack/testbed/hyper.ts';
import { importProgram } from '../../hack/testbed/image.ts';
import { attempt } from '../../hack/testbed/steps.ts';
import { REALM_PROGRAMS } from '../../hack/testbed/realm-programs.ts';
import { eventually } from '../env/eventually.ts';
import { restart } from '../env/realm-faults.ts';
import { pushImage } from '../env/realm-images.ts';
import { realm, useRealm } from './hooks.ts';
import { claim, pod, podSpec, service } from './pods.ts';

const NS = 'smoke';
/** Two processes test at once, and one of them may be starting realms. */
const PATIENCE = { withinMs: 60_000 };

describe('a realm is a cluster as people know them', function () {
  this.timeout(180_000);
  useRealm();
  const kubectl = (...args: readonly string[]): Promise<string> => realm().kubectl(['-n', NS, ...args], { withinMs: 100_000 });
  const inPod = (name: string, ...command: readonly string[]): Promise<string> => kubectl('exec', name, '--', '/pod', ...command);
  const untilReady = (...names: readonly string[]): Promise<string> =>
    kubectl('wait', '--for=condition=Ready', '--timeout=60s', ...names.map((name) => `pod/${name}`));

  before(async () => {
    await realm().kubectl(['create', 'namespace', NS]);
    await eventually(() => kubectl('get', 'serviceaccount', 'default'));
    const labels = { app: 'web' };
    const metadata = { namespace: NS, name: 'web' };
    const spec = { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec() } };
    await realm().apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec }, service(NS, 'web'), pod(NS, 'client'));
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    await untilReady('client');
  });
  after(() => kubectl('delete', 'namespace', NS, '--wait=false'));

  it("leaves the machine's kernel as it was, whatever kubelet wants of it", async () => {
    await realm().kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s'], { withinMs: 70_000 });
    for (const node of realm().nodes) {
      const covered = (await node.exec('cat', '/proc/self/mountinfo')).match(/(?<= \/proc\/sys\/)\S+/g);
      expect(covered).to.have.members([
        'kernel/keys/root_maxbytes',
        'kernel/keys/root_maxkeys',
        'kernel/panic',
        'kernel/panic_on_oops',
        'vm/overcommit_memory',
        'vm/panic_on_oom',
      ]);
    }
  });

  it('finds a Service by its name and spreads calls over its Pods', async () => {
    // Whoever answers for names may still be starting.
    await eventually(
      async () => expect((await inPod('client', 'resolve', `web.${NS}.svc.cluster.local`)).trim()).to.match(/^10\.96\./),
      PATIENCE,
    );
    const hosts = new Set<string>();
    await eventually(async () => {
      hosts.add(/host=(\S+)/.exec(await inPod('client', 'get', `http://web.${NS}/`))?.[1] ?? '');
      expect(hosts.size).to.equal(2);
    }, PATIENCE);
  });

  it('shows logs as they are written', async () => {
    const { kubeconfigPath } = realm();
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: kubeconfigPath };
    const follow = spawn(KUBECTL, ['-n', NS, 'logs', '-f', 'client'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    createInterface({ input: follow.stdout }).on('line', (line) => lines.push(line));
    try {
      await eventually(() => expect(lines.join()).to.include('serving'), PATIENCE);
      await inPod('client', 'get', 'http://127.0.0.1:8080/seen');
      await eventually(() => expect(lines.join()).to.include('/seen'), PATIENCE);
    } finally {
      follow.kill();
      await once(follow, 'close');
    }
  });

  it('forwards a port', async () => {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: realm().kubeconfigPath };
    const forward = spawn(KUBECTL, ['-n', NS, 'port-forward', 'service/web', ':80'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    forward.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    try {
      const port = await eventually(() => {
        const found = /127\.0\.0\.1:(\d+)/.exec(said)?.[1];
        if (found === undefined) throw new Error(`port-forward says ${said}`);
        return found;
      }, PATIENCE);
      expect(await (await fetch(`http://127.0.0.1:${port}/forwarded`)).text()).to.include('path=/forwarded');
    } finally {
      forward.kill();
      await once(forward, 'close');
    }
  });

  it('passes calls through the API server', async () => {
    const answer = await realm().kubectl(['get', '--raw', `/api/v1/namespaces/${NS}/services/http:web:80/proxy/through`]);
    expect(answer).to.include('path=/through');
  });

  it('keeps a volume when its Pod goes, and copies it by a snapshot to equal bytes', async () => {
    await realm().apply(claim(NS, 'data'), pod(NS, 'writer', { claim: 'data' }));
    await untilReady('writer');
    const hash = await inPod('writer', 'write', '/data/noise', '4096', 'seed');
    await kubectl('delete', 'pod', 'writer');
    const snapshot = { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot', metadata: { namespace: NS, name: 'then' } };
    await realm().apply(pod(NS, 'reader', { claim: 'data', node: realm().nodes[1]?.name ?? '' }), {
      ...snapshot,
      spec: { source: { persistentVolumeClaimName: 'data' }, volumeSnapshotClassName: 'standard' },
    });
    await untilReady('reader');
    expect(await inPod('reader', 'sum', '/data/noise')).to.equal(hash);
    await kubectl('wait', '--for=jsonpath={.status.readyToUse}=true', 'volumesnapshot/then', '--timeout=60s');
    expect(await inPod('reader', 'write', '/data/noise', '4096', 'another seed')).not.to.equal(hash);
    await realm().apply(claim(NS, 'restored', 'then'), pod(NS, 'restored', { claim: 'restored' }));
    await untilReady('restored');
    expect(await inPod('restored', 'sum', '/data/noise')).to.equal(hash);
  });

  it("pulls an image from the realm's own registry", async () => {
    const pushed = `keystone.test/pushed:${realm().name}`;
    await importProgram({ image: pushed, program: join(REALM_PROGRAMS, 'pod'), args: ['serve'] });
    const image = await pushImage(realm(), pushed).finally(() => attempt('docker', 'image', 'rm', pushed));
    await realm().apply(pod(NS, 'pulled', { image, node: realm().nodes[1]?.name ?? '' }));
    await untilReady('pulled');
    // Events come when they come.
    await eventually(
      async () => expect(await kubectl('get', 'events', '--field-selector=involvedObject.name=pulled')).to.include('Successfully pulled'),
      PATIENCE,
    );
  });

  it('ends what takes more memory than it may, and says so', async () => {
    await realm().apply(pod(NS, 'greedy', { args: ['eat', '200'], limits: { memory: '32Mi' } }));
    const reason = '{.status.containerStatuses[0].state.terminated.reason}{.status.containerStatuses[0].lastState.terminated.reason}';
    await eventually(async () => expect(await kubectl('get', 'pod', 'greedy', '-o', `jsonpath=${reason}`)).to.include('OOMKilled'), {
      withinMs: 60_000,
    });
  });

  // Why slices refuse such Pods: should this fail one day, they need not any more.
  it('loses sight of a Pod whose start hangs, and lets it run on', async () => {
    const [node] = realm().nodes;
    const forever = ['probe', '192.0.2.77:1'];
    const { spec, ...rest } = pod(NS, 'hangs', { args: forever, node: node.name }) as { spec: { containers: [object] } };
    const lifecycle = { postStart: { exec: { command: ['/pod', ...forever] } } };
    const containers = [{ ...spec.containers[0], lifecycle }];
    await realm().apply({ ...rest, spec: { ...spec, terminationGracePeriodSeconds: 0, containers } });
    const running = async (): Promise<number> => Number(await node.exec('sh', '-c', 'pgrep -f "192[.]0[.]2[.]77:1" | wc -l'));
    await eventually(async () => expect(await running()).to.equal(2), PATIENCE);
    await kubectl('delete', 'pod', 'hangs');
    expect(await kubectl('get', 'pod', 'hangs', '--ignore-not-found', '-o', 'name')).to.equal('');
    await pause(5_000);
    expect(await running()).to.equal(2);
  });

  it('is whole again after each of its nodes was restarted', async () => {
    await realm().apply(claim(NS, 'kept'), pod(NS, 'keeper', { claim: 'kept' }));
    await untilReady('keeper');
    const hash = await inPod('keeper', 'write', '/data/noise', '64', 'kept');
    for (const node of realm().nodes) await restart(node);
    await eventually(async () => expect(await inPod('keeper', 'sum', '/data/noise')).to.equal(hash), { withinMs: 90_000 });
    await eventually(async () => expect(await inPod('client', 'get', `http://web.${NS}/`)).to.include('host=web-'), { withinMs: 90_000 });
  }).timeout(480_000);
});
