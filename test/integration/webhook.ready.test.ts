import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as call } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { KUBECTL } from '../../hack/testbed/hyper.ts';
import { spawnSync } from 'node:child_process';
import { skip } from '../../hack/verify/skip.ts';
import { issueAuthority, issueServer } from '../../controllers/runtime/certificates.ts';
import type { Secret } from '../../api/meta/builtin.ts';
import { ok } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { must, START_MS } from '../env/operator.ts';
import { podWith } from './grant.hostile-pods.ts';
import { openWorld, type WebhookReplica, type WebhookWorld } from '../webhook/world.ts';

const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/quota.keystone.io';
interface Registration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}
const HOST = 'keystone-webhook.keystone-system.svc';
const validity = { from: new Date(Date.now() - 60_000), until: new Date(Date.now() + 3_600_000) };
const issue = () => {
  const authority = { name: 'theirs', ...issueAuthority('theirs', validity) };
  return { ca: authority.cert, ...issueServer(authority, [HOST], validity) };
};

describe('a replica is ready when it would be called and would answer', () => {
  let world: WebhookWorld;
  let folder = '';
  let replica: WebhookReplica | undefined;
  before(async () => {
    world = await openWorld(controlPlane(), api());
    folder = mkdtempSync(join(tmpdir(), 'keystone-files-'));
  });
  afterEach(async () => {
    await replica?.retire();
    replica = undefined;
  });
  after(async () => {
    // The operator ends what was made for its Grants, of which there are none.
    await world.close();
    rmSync(folder, { recursive: true });
  });

  const says = (what: RegExp, withinMs = START_MS) =>
    eventually(async () => expect(await replica?.operator.probe('/readyz')).to.match(what), { withinMs });
  const trust = async (ca: string) => {
    const body = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: Buffer.from(ca).toString('base64') }];
    ok(await api().call('PATCH', CONFIGURATION, { contentType: 'application/json-patch+json', body }));
  };

  /** What it says of a review, asked as an API server does. */
  const review = async ({ address, port }: WebhookReplica): Promise<unknown> => {
    const { webhooks } = ok<Registration>(await api().call('GET', CONFIGURATION));
    const ca = Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64');
    const request = { uid: 'asked-late', operation: 'DELETE', namespace: 'default', name: 'none', kind: {}, resource: {}, userInfo: {} };
    const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    return new Promise((resolve, reject) => {
      const sending = call(
        { host: address, port, path: '/quota', method: 'POST', agent: false, servername: HOST, ca, headers },
        (response) => {
          let text = '';
          response
            .setEncoding('utf8')
            .on('data', (part: string) => (text += part))
            .on('end', () => resolve((JSON.parse(text) as { response: unknown }).response));
        },
      );
      sending.on('error', reject).end(body);
    });
  };

  it('and says what is missing until it is registered', async () => {
    await must(controlPlane(), ['delete', '-f', 'config/webhook/quota.keystone.io.yaml']);
    replica = await world.start();
    await says(/^503 \[-\]webhook: no ValidatingWebhookConfiguration quota\.keystone\.io: apply config\/webhook$/);
    await must(controlPlane(), ['apply', '--server-side', '-k', 'config/webhook']);
    await says(/^200 ok$/);
  });

  it('and is trusted again by a registration that was taken away and put back at once', async () => {
    replica = await world.start();
    await says(/^200 ok$/);
    const body = parse(readFileSync('config/webhook/quota.keystone.io.yaml', 'utf8')) as object;
    // At rest, and just before, in or just after it looks at what has become of it.
    for (const ms of [0, 2, 4, 6, 8, 12, 16, 24]) {
      await new Promise((resolve) => setTimeout(resolve, 700));
      ok(await api().call('DELETE', CONFIGURATION));
      await new Promise((resolve) => setTimeout(resolve, ms));
      ok(await api().call('POST', dirname(CONFIGURATION), { body }));
      await eventually(
        async () => {
          const { webhooks } = ok<Registration>(await api().call('GET', CONFIGURATION));
          expect(webhooks[0]?.clientConfig.caBundle, `${ms} ms later`).to.be.a('string');
        },
        { withinMs: 20_000 },
      );
    }
  });

  it('and not while its certificate, made by others, is missing, is trusted by nobody, or was signed by somebody else', async () => {
    const [first, second] = [issue(), issue()];
    const write = ({ cert, key }: { cert: string; key: string }) => {
      writeFileSync(join(folder, 'tls.crt'), cert);
      writeFileSync(join(folder, 'tls.key'), key);
    };
    await must(controlPlane(), ['replace', '-f', 'config/webhook/quota.keystone.io.yaml']);
    replica = await world.start([`--webhook-cert-dir=${folder}`]);
    await says(/^503 \[-\]webhook: no certificate yet$/);
    write(first);
    await says(/^503 \[-\]webhook: the ValidatingWebhookConfiguration quota\.keystone\.io has no caBundle$/);
    await trust(second.ca);
    await says(/^503 \[-\]webhook: would not be heard: /);
    await trust(first.ca);
    await says(/^200 ok$/);
    // Within 15 s of its files, and without a moment in which it can't be heard: both are trusted meanwhile (checklist 34).
    await trust(first.ca + second.ca);
    write(second);
    await eventually(
      async () => {
        expect(await replica?.operator.probe('/readyz')).to.equal('200 ok');
        expect(replica?.operator.output().match(/Serving a certificate/g)).to.have.length(2);
      },
      { withinMs: 40_000 },
    );
    await trust(second.ca);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await says(/^200 ok$/);
  });

  it('and is no longer from the moment that it is asked to go, while it still answers (checklist 32)', async () => {
    // Long enough to ask it meanwhile on a busy machine.
    replica = await world.start(['--webhook-shutdown-delay=10s']);
    await says(/^200 ok$/);
    replica.operator.signal('SIGTERM');
    await says(/^503 \[-\]shutdown: stopping$/, 5_000);
    expect(await review(replica)).to.deep.include({ uid: 'asked-late', allowed: true });
    expect(await replica.operator.probe('/readyz'), 'while it answers').to.match(/^503/);
    expect(await replica.operator.exited).to.equal(0);
  });

  it('and when it is installed anew beside a registration that was left behind and trusts another (checklist 35)', async () => {
    await must(controlPlane(), ['delete', 'secret', '--ignore-not-found', '-n', 'keystone-system', 'keystone-webhook-certificates']);
    await trust(issue().ca);
    // Nobody serves it: neither the operator's own namespace nor any other waits for that.
    for (const namespace of ['keystone-system', 'default']) {
      const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
      ok(await api().call('POST', path, { body: podWith({}) }));
    }
    replica = await world.start();
    await says(/^200 ok$/);
    const { webhooks } = ok<Registration>(await api().call('GET', CONFIGURATION));
    const [authority, ...others] = webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString());
    expect(others).to.deep.equal([]);
    const { data } = ok<Secret>(await api().call('GET', '/api/v1/namespaces/keystone-system/secrets/keystone-webhook-certificates'));
    expect(authority, 'the new one, and it alone').to.equal(Buffer.from(data?.['1.ca.crt'] ?? '', 'base64').toString());
    expect(await review(replica)).to.deep.include({ allowed: true });
  });

  it('and keeps a connection on which nothing was said for longer than an API server would (checklist 34)', async function () {
    if (process.env['TEST_FULL'] === undefined) skip(this, 'waits for 95 s: make test-full runs it');
    this.timeout(150_000);
    replica = await world.start();
    await says(/^200 ok$/);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { address, port } = replica;
    const headers = { 'content-type': 'application/json' };
    const ports = new Set<number | undefined>();
    for (let turn = 0; turn < 2; turn++) {
      if (turn > 0) await new Promise((resolve) => setTimeout(resolve, 95_000));
      await new Promise((resolve, reject) => {
        const sending = call(
          { host: address, port, path: '/quota', method: 'POST', agent, rejectUnauthorized: false, headers },
          (response) => {
            ports.add(response.socket.localPort);
            response.resume().on('end', resolve);
          },
        );
        sending.on('error', reject).end('{}');
      });
    }
    agent.destroy();
    expect(ports.size).to.equal(1);
  });
});

describe('the manifests of the webhooks', () => {
  interface Manifest {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: Record<string, string> };
    readonly spec: unknown;
    readonly webhooks: unknown;
  }
  const render = (...components: readonly string[]): readonly Manifest[] => {
    const overlay = mkdtempSync(join(tmpdir(), 'keystone-overlay-'));
    try {
      const from = (path: string) => relative(overlay, path);
      writeFileSync(
        join(overlay, 'kustomization.yaml'),
        JSON.stringify({ resources: [from('config/default')], components: components.map(from) }),
      );
      const { stdout, stderr } = spawnSync(KUBECTL, ['kustomize', overlay], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
      expect(stderr).to.equal('');
      return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
    } finally {
      rmSync(overlay, { recursive: true });
    }
  };
  const specOf = (all: readonly Manifest[], kind: string, name: string): unknown => {
    const found = all.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
    return found?.spec ?? expect.fail(`no ${kind} ${name}`);
  };
  type Pod = {
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        containers: [{ args: string[]; ports: { name: string; containerPort: number }[]; volumeMounts?: { mountPath: string }[] }];
        volumes?: object[];
      };
    };
  };
  type Service = { selector: Record<string, string>; ports: { name: string; port: number; targetPort: string }[] };
  type NetworkPolicy = { ingress: { from?: object; ports: { port: number }[] }[] };
  type Webhooks = [{ clientConfig: { caBundle?: string; service: { name: string; namespace: string; port: number } } }];

  it('lead from the registration through Service and NetworkPolicy to the port at which the operator listens', () => {
    const all = render();
    const { template } = specOf(all, 'Deployment', 'keystone-operator') as Pod;
    const [container] = template.spec.containers;
    const registrations = all.filter(({ kind }) => kind === 'ValidatingWebhookConfiguration');
    expect(registrations).to.have.length(1);
    for (const { webhooks } of registrations) {
      const { service, caBundle } = (webhooks as Webhooks)[0].clientConfig;
      expect(caBundle).to.equal(undefined);
      expect(`${service.name}.${service.namespace}.svc`).to.equal(HOST);
      const { selector, ports } = specOf(all, 'Service', service.name) as Service;
      expect(template.metadata.labels).to.include(selector);
      const target = ports.find(({ port }) => port === service.port)?.targetPort;
      const port = container.ports.find(({ name }) => name === target)?.containerPort;
      expect(container.args).to.include(`--webhook-bind-address=:${port}`);
      const { ingress } = specOf(all, 'NetworkPolicy', 'keystone-operator') as NetworkPolicy;
      expect(ingress.filter(({ from }) => from === undefined).flatMap(({ ports }) => ports.map((open) => open.port))).to.deep.equal([port]);
    }
  });

  it('can be told to use what cert-manager makes', () => {
    const all = render('config/webhook/cert-manager');
    const { template } = specOf(all, 'Deployment', 'keystone-operator') as Pod;
    const [{ args, volumeMounts }] = template.spec.containers;
    const folder = args.find((arg) => arg.startsWith('--webhook-cert-dir='))?.split('=')[1];
    expect(volumeMounts?.map(({ mountPath }) => mountPath)).to.deep.equal([folder]);
    const { dnsNames, secretName } = specOf(all, 'Certificate', 'keystone-webhook') as { dnsNames: string[]; secretName: string };
    expect(dnsNames).to.deep.equal([HOST]);
    expect(template.spec.volumes).to.deep.equal([{ name: 'webhook-certificate', secret: { secretName } }]);
    for (const { kind, metadata } of all)
      if (kind === 'ValidatingWebhookConfiguration')
        expect(metadata.annotations).to.include({ 'cert-manager.io/inject-ca-from': 'keystone-system/keystone-webhook' });
  });
});
