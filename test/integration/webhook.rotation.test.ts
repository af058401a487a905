import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { ok } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { must } from '../env/operator.ts';
import { kubectlWith } from '../grant/schema.ts';
import { load, type Load } from '../webhook/load.ts';
import { openWorld, type WebhookReplica, type WebhookWorld } from '../webhook/world.ts';
import { podWith } from './grant.hostile-pods.ts';

const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/quota.keystone.io';
const SECRET = '/api/v1/namespaces/keystone-system/secrets/keystone-webhook-certificates';
/** Renewed after 20 s, shown two and a half later, over after 30: a busy machine has that long to hear of an authority. */
const ARGS = ['--webhook-cert-lifetime=30s'];
const FULL = process.env['TEST_FULL'] !== undefined;
/** How often both replicas are replaced. */
const ROUNDS = FULL ? 8 : 1;

describe('two replicas whose certificates and processes are replaced', () => {
  let world: WebhookWorld;
  let namespace = '';
  before(async function () {
    this.timeout(90_000);
    world = await openWorld(controlPlane(), api());
  });
  after(async function () {
    this.timeout(90_000);
    await world.close();
  });

  const bundle = async (): Promise<readonly string[]> => {
    const { webhooks } = ok<{ webhooks: [{ clientConfig: { caBundle?: string } }] }>(await api().call('GET', CONFIGURATION));
    return Buffer.from(webhooks[0].clientConfig.caBundle ?? '', 'base64')
      .toString()
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .filter((pem) => pem !== '');
  };
  const authorities = async () => (await bundle()).map((pem) => new X509Certificate(pem).serialNumber);
  /** The certificate that a replica shows, and the authority of the bundle that signed it. */
  const shown = async ({ address, port }: WebhookReplica): Promise<X509Certificate> => {
    const socket = connect({ host: address, port, rejectUnauthorized: false });
    try {
      await new Promise((resolve, reject) => socket.once('secureConnect', () => resolve(undefined)).once('error', reject));
      return new X509Certificate(socket.getPeerCertificate().raw);
    } finally {
      socket.destroy();
    }
  };
  /** How often the API server could not ask, and let through. */
  const failedOpen = async (): Promise<number> => {
    const text = String((await api().call('GET', '/metrics')).body);
    return Number(/^apiserver_admission_webhook_fail_open_count\{name="quota\.keystone\.io".*\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };

  /** What the API server says of those that it let through. */
  const whyOpen = (): string => {
    const log = readFileSync(join(controlPlane().workDir, 'logs', 'kube-apiserver.log'), 'utf8');
    const lines = log.split('\n').filter((line) => line.includes('quota.keystone.io') && line.includes('failing open'));
    return lines.slice(-5).join('\n');
  };

  it('miss not one of 50 reviews a second (checklist 34)', async function () {
    this.timeout(FULL ? 600_000 : 200_000);
    let replicas: readonly WebhookReplica[] = await Promise.all([world.start(ARGS), world.start(ARGS)]);
    await Promise.all(replicas.map(({ operator }) => operator.ready(60_000)));
    namespace = await world.lend('small', { 'requests.cpu': '1', 'requests.memory': '1Gi' });
    const body = podWith({ container: { resources: { requests: { cpu: '2' }, limits: { cpu: '2' } } } });
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const isOurs = (text: string) => text.includes('webhook \\"quota.keystone.io\\" denied the request: exceeded quota');
    await eventually(async () => expect(isOurs(JSON.stringify((await api().call('POST', path, { body })).body))).to.equal(true));
    const before = await failedOpen();
    const [first] = await authorities();
    const seen = new Set<string>();
    const pace: Load = load(controlPlane(), path, { perSecond: 50, body, right: (status, text) => status === 403 && isOurs(text) });
    const started = performance.now();
    try {
      for (const leaver of Array.from({ length: ROUNDS }, () => [0, 1]).flat()) {
        const successor = await world.start(ARGS);
        await successor.operator.ready(60_000);
        expect(await replicas[leaver]?.retire()).to.equal(0);
        replicas = replicas.with(leaver, successor);
        for (const serial of await authorities()) seen.add(serial);
      }
      // At least one whole rotation: one authority has come, and another gone.
      for (let known = await authorities(); known.includes(first ?? ''); known = await authorities()) {
        for (const serial of known) seen.add(serial);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    } finally {
      await pace.stop();
    }
    const seconds = (performance.now() - started) / 1000;
    console.log(`      ${pace.answered()} reviews in ${seconds.toFixed(0)} s, ${ROUNDS * 2} replicas replaced, ${seen.size} authorities`);
    expect(seen.size).to.be.above(1);
    expect(pace.answered() / seconds, 'a busy machine misses some').to.be.at.least(40);
    expect(
      [...pace.wrong()].slice(0, 5).map(([said, times]) => `${times} times ${said}`),
      whyOpen(),
    ).to.deep.equal([]);
    expect(await failedOpen()).to.equal(before);
    for (const { operator } of replicas) expect(operator.output()).not.to.match(/PRIVATE KEY|"level":"error"/);
  });

  it('trust an authority before they show what it signed, and until that has expired', async function () {
    this.timeout(120_000);
    const replica = await world.start(ARGS);
    await replica.operator.ready(60_000);
    const first = (await authorities()).at(-1) ?? '';
    const order: string[] = [];
    await eventually(
      async () => {
        const known = (await bundle()).map((pem) => new X509Certificate(pem));
        const leaf = await shown(replica);
        const signer = known.find((ca) => leaf.verify(ca.publicKey));
        expect(signer, 'what is shown is trusted at all times').not.to.equal(undefined);
        const label = (serial = '') => (serial === first ? 'first' : 'next');
        const state = `trusts ${known.map(({ serialNumber }) => label(serialNumber)).join(' and ')}, shows ${label(signer?.serialNumber)}`;
        // Before the first is shown, it is the next of another.
        if (order.length > 0 || state.endsWith('shows first')) if (order.at(-1) !== state) order.push(state);
        expect(known.map(({ serialNumber }) => serialNumber)).not.to.include(first);
      },
      { withinMs: 70_000, everyMs: 20 },
    );
    expect(order.slice(-4)).to.deep.equal([
      'trusts first, shows first',
      'trusts first and next, shows first',
      'trusts first and next, shows next',
      'trusts next, shows next',
    ]);
  });

  it('begin anew where the Secret was deleted, or filled with rubbish', async function () {
    this.timeout(60_000);
    for (const spoil of [
      () => api().call('DELETE', SECRET),
      () =>
        api().call('PATCH', SECRET, {
          contentType: 'application/merge-patch+json',
          body: { data: { '1.tls.crt': 'eA==', '1.tls.key': null } },
        }),
    ]) {
      const old = new Set(await authorities());
      ok(await spoil());
      await eventually(async () => expect((await authorities()).some((serial) => !old.has(serial))).to.equal(true), { withinMs: 20_000 });
    }
  });

  it('are trusted again where somebody applies the registration without a word about it, and that shows no drift', async () => {
    const plane = controlPlane();
    const before = await bundle();
    expect(before).not.to.have.length(0);
    for (const how of [['--server-side'], []]) {
      await must(plane, ['apply', ...how, '-k', 'config/webhook']);
      expect(await bundle(), how.join(' ')).not.to.have.length(0);
      const { code, stdout } = await kubectlWith(['diff', ...how, '-k', 'config/webhook']);
      expect(code, stdout).to.equal(0);
    }
    await must(plane, ['replace', '-f', 'config/webhook/quota.keystone.io.yaml']);
    await eventually(async () => expect(await bundle(), 'once it was replaced').not.to.have.length(0));
  });
});
