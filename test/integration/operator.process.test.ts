import { connect as connectSocket, createServer, type Server } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { freePort, installOperator, must, START_MS, startOperator, writeKubeconfig, type OperatorProcess } from '../env/operator.ts';

/** Passes bytes on to the API server, from when it is started: before that, nobody listens. */
function forwarder(port: number): { readonly start: () => Promise<void>; readonly stop: () => Promise<void> } {
  const { hostname, port: target } = new URL(controlPlane().server);
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((inbound) => {
    const outbound = connectSocket(Number(target), hostname);
    for (const socket of [inbound, outbound]) sockets.add(socket.on('error', () => socket.destroy()));
    inbound.pipe(outbound).pipe(inbound);
  });
  return {
    start: () => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve)),
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

describe('the operator as a process', () => {
  let kubeconfig = '';
  const started: OperatorProcess[] = [];
  before(async () => ({ kubeconfig } = await installOperator(controlPlane())));
  afterEach(async () => {
    await Promise.all(started.splice(0).map((operator) => operator.stop()));
    await api().call('DELETE', '/apis/guildnet.io/v1alpha1/clusterregistrations/local');
  });
  async function start(options: Parameters<typeof startOperator>[0]): Promise<OperatorProcess> {
    const operator = await startOperator({ ...options, env: { KEYSTONE_REALM: 'alice-home', ...options.env } });
    started.push(operator);
    return operator;
  }
  const warnings = (operator: OperatorProcess) =>
    operator
      .output()
      .split('\n')
      .filter((line) => line.includes('"level":"warn"'));

  const wrong: { name: string; args?: readonly string[]; env?: Record<string, string>; want: RegExp }[] = [
    { name: 'an unknown flag', args: ['--leader-elekt'], want: /--leader-elekt .*--controllers/ },
    { name: 'an unknown value', env: { KEYSTONE_REALM: 'Not A Name' }, want: /KEYSTONE_REALM=Not A Name .*such as alice-home/ },
    { name: 'an unknown variable', env: { KEYSTONE_TYPO: 'x' }, want: /KEYSTONE_TYPO .*KEYSTONE_REALM/ },
  ];
  for (const { name, args = [], env = {}, want } of wrong) {
    it(`exits with 2 and one line for ${name}`, async () => {
      const operator = await start({ kubeconfig, args, env });
      expect(await operator.exited).to.equal(2);
      expect(operator.output().trimEnd().split('\n')).to.have.length(1);
      expect(operator.output()).to.match(want);
    });
  }

  const unreadable: { name: string; content: string | undefined; want: RegExp }[] = [
    { name: 'is not there', content: undefined, want: /kubeconfig .* can't be read/ },
    { name: 'is no YAML', content: 'users:\n- user:\n    token: SECRET-TOKEN-1234\n   bad: [', want: /kubeconfig .* can't be read/ },
    { name: 'names no cluster', content: 'apiVersion: v1\nkind: Config\n', want: /kubeconfig/ },
  ];
  for (const { name, content, want } of unreadable) {
    it(`exits with 2 and one line for a kubeconfig that ${name}, and shows nothing of what is in it`, async () => {
      const path = join(controlPlane().workDir, `kubeconfig-${name.replaceAll(' ', '-')}`);
      if (content !== undefined) writeFileSync(path, content);
      const operator = await start({ kubeconfig: path });
      expect(await operator.exited).to.equal(2);
      expect(operator.output().trimEnd().split('\n')).to.have.length(1);
      expect(operator.output()).to.match(want).and.not.include('SECRET-TOKEN');
    });
  }

  it('waits for an API server that is down at start, says so once, and goes on when it is up', async () => {
    const port = await freePort();
    const path = join(controlPlane().workDir, 'through-forwarder.conf');
    const { ca, cert, key } = controlPlane();
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    writeKubeconfig(path, `https://127.0.0.1:${port}`, ca, { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) });
    const operator = await start({ kubeconfig: path, args: ['--controllers=clusterregistration'] });
    await eventually(() => expect(operator.output()).to.include('No answer from the API server, trying again'), {
      withinMs: START_MS,
    });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(warnings(operator), 'one line for each of the five collections, not one for each attempt').to.have.length(5);
    expect(await operator.probe('/readyz')).to.match(
      /^503 \[-\]caches: not read yet: clusterregistrations.guildnet.io, secrets, namespaces, nodes, persistentvolumes$/,
    );
    expect(await operator.probe('/healthz'), 'it waits, it is not broken').to.equal('200 ok');
    const way = forwarder(port);
    await way.start();
    await operator.ready();
    await operator.stop();
    await way.stop();
  });

  it('waits for a CRD that is missing, says what to do, and goes on when it is there', async () => {
    await must(controlPlane(), ['delete', '-k', 'config/crd', '--wait', '--timeout=90s']);
    const operator = await start({ kubeconfig, args: ['--controllers=clusterregistration'] });
    await eventually(() => expect(operator.output()).to.include('install the CRDs with \\"make install\\"'), { withinMs: START_MS });
    expect(warnings(operator)).to.have.length(1);
    await must(controlPlane(), ['apply', '--server-side', '-k', 'config/crd']);
    await operator.ready();
    await must(controlPlane(), ['wait', '--for=create', 'clusterregistration/local', '--timeout=60s']);
    await must(controlPlane(), ['wait', '--for=condition=Ready', 'clusterregistration/local', '--timeout=60s']);
  });

  it('stops when asked, well within its grace, with exit code 0 and nothing left open (checklist 32)', async () => {
    const operator = await start({ kubeconfig });
    await operator.ready();
    const since = performance.now();
    operator.signal('SIGTERM');
    expect(await operator.exited).to.equal(0);
    expect(performance.now() - since).to.be.below(20_000);
    expect(operator.output())
      .to.include('"message":"Stopped"')
      .and.not.match(/unhandled|ERR_/i);
  });

  it('exits with 1 and one line when its probes can’t be served', async () => {
    const port = await freePort();
    const blocker = createServer().listen(port, '127.0.0.1');
    const operator = await start({ kubeconfig, args: [`--health-probe-bind-address=127.0.0.1:${port}`] });
    expect(await operator.exited).to.equal(1);
    expect(operator.output()).to.match(/keystone-operator: .*EADDRINUSE/);
    await new Promise((resolve) => blocker.close(resolve));
  });
});
