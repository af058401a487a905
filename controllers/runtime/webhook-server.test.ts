import { once } from 'node:events';
import { Agent, request as call, type RequestOptions, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { PERMITTED, type Refusal, type Review, type Verdict } from '../../api/meta/webhook.ts';
import { fakeClock, type FakeClock } from '../../test/doubles/clock.ts';
import { scriptedTransport } from '../../test/doubles/transport.ts';
import { issueAuthority, issueServer } from './certificates.ts';
import { silentLogger } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { LARGEST_BODY } from './webhook-body.ts';
import { createJudge } from './webhook-judge.ts';
import { TLS } from './serving.ts';
import { createWebhookServer } from './webhook-server.ts';
import type { Webhook } from './webhook.ts';

const HOST = 'hook.ns.svc';
const validity = { from: new Date(Date.now() - 1000), until: new Date(Date.now() + 3_600_000) };
const authority = { name: 'ca', ...issueAuthority('ca', validity) };
const reader = { get: () => undefined, list: () => [], ownedBy: () => [] };

describe('the webhook server', () => {
  let server: Server;
  let clock: FakeClock;
  let metrics: Metrics;
  let leaving = false;
  let judged: Review[] = [];
  let verdict: (review: Review) => Verdict | Promise<Verdict>;

  beforeEach(async () => {
    clock = fakeClock();
    metrics = createMetrics();
    leaving = false;
    judged = [];
    verdict = () => PERMITTED;
    const webhook = (path: `/${string}`, failurePolicy: Webhook['failurePolicy']): Webhook => ({
      name: `${path.slice(1)}.keystone.io`,
      mutating: false,
      path,
      match: [],
      failurePolicy,
      timeoutSeconds: 5,
      reads: [],
      judge: (review) => (judged.push(review), verdict(review)),
    });
    const options = { transport: scriptedTransport(), clock, log: silentLogger, metrics, userAgent: 'test' };
    const desk = (path: `/${string}`, policy: Webhook['failurePolicy']) =>
      [path, { judge: createJudge(webhook(path, policy), reader, options), timeoutMs: 5_000 }] as const;
    const desks = new Map([desk('/strict', 'Fail'), desk('/mild', 'Ignore')]);
    server = createWebhookServer({ desks, clock, metrics, leaving: () => leaving });
    server.setSecureContext({ ...issueServer(authority, [HOST], validity), ...TLS });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  interface Answer {
    readonly code: number;
    readonly text: string;
    readonly connection: string | undefined;
  }
  const target = (): RequestOptions => ({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    servername: HOST,
    ca: authority.cert,
    path: '/strict',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    agent: false,
  });
  const send = (body: string | Buffer, options: RequestOptions = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sending = call({ ...target(), ...options }, (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () => resolve({ code: response.statusCode ?? 0, text, connection: response.headers.connection }));
      });
      sending.on('error', reject);
      sending.end(body);
    });
  const review = (request: object = {}): string =>
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: { uid: 'some-uid', operation: 'CREATE', ...request },
    });
  const responseOf = ({ code, text }: Answer): Record<string, unknown> => {
    expect(code, text).to.equal(200);
    const { apiVersion, kind, response } = JSON.parse(text) as { apiVersion: string; kind: string; response: Record<string, unknown> };
    expect({ apiVersion, kind }).to.deep.equal({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
    expect(response['uid']).to.equal('some-uid');
    return response;
  };
  const counted = async (name: 'webhookRequests' | 'webhookVerdicts'): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await metrics[name].get()).values
        .map(({ labels, value }) => [Object.values(labels).join(' '), value] as const)
        .filter(([, n]) => n > 0),
    );

  it('says yes, and what should be known besides, in sentences that arrive whole', async () => {
    verdict = () => ({ allowed: true, warnings: ['a'.repeat(300), `${'b'.repeat(254)}😀😀`, ...Array.from({ length: 40 }, () => 'c')] });
    const { allowed, warnings, status } = responseOf(await send(review()));
    expect({ allowed, status }).to.deep.equal({ allowed: true, status: undefined });
    expect(warnings).to.have.length(16);
    expect((warnings as string[]).map((warning) => warning.length).slice(0, 3)).to.deep.equal([256, 255, 1]);
    expect(Buffer.from((warnings as string[])[1] ?? '').toString(), 'no half of a character').to.equal((warnings as string[])[1]);
  });

  it('says no with the code, the reason and all causes as they are', async () => {
    const refusal: Refusal = {
      allowed: false,
      code: 429,
      reason: 'QuotaExceeded',
      message: 'no: change that',
      causes: [{ reason: 'QuotaExceeded', field: 'spec.a', message: 'a' }],
    };
    verdict = () => refusal;
    const given = { resource: { group: 'g', version: 'v1', resource: 'things' }, name: 'x', namespace: 'n' };
    const { allowed, status } = responseOf(await send(review(given)));
    expect(allowed).to.equal(false);
    const { allowed: _, causes, ...rest } = refusal;
    // Without retryAfterSeconds: with it, clients would try again by themselves.
    const details = { name: 'x', group: 'g', kind: 'things', causes };
    expect(status).to.deep.equal({ metadata: {}, status: 'Failure', ...rest, details });
  });

  it('hands on what a verdict needs, and a rehearsal as one', async () => {
    await send(review({ dryRun: true, subResource: 'resize', object: { a: 1 }, oldObject: null, namespace: 'n' }));
    expect(judged[0]).to.deep.include({
      uid: 'some-uid',
      dryRun: true,
      subResource: 'resize',
      object: { a: 1 },
      oldObject: null,
      namespace: 'n',
    });
    await send(review({ dryRun: 'false' }));
    expect(judged[1]?.dryRun, 'who says anything but no may mean yes').to.equal(true);
  });

  const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const strange: { name: string; body?: string | Buffer; options?: RequestOptions; code: number }[] = [
    { name: 'another method', options: { method: 'PUT' }, code: 405 },
    { name: 'another path', options: { path: '/elsewhere' }, code: 404 },
    { name: 'the path of a prototype', options: { path: '/constructor' }, code: 404 },
    { name: 'another type of content', options: { headers: { 'content-type': 'application/yaml' } }, code: 415 },
    { name: 'a type that only begins alike', options: { headers: { 'content-type': 'application/jsonp' } }, code: 415 },
    {
      name: 'the type with a charset',
      body: review(),
      options: { headers: { 'content-type': 'application/json; charset=utf-8' } },
      code: 200,
    },
    { name: 'nothing', body: '', code: 400 },
    { name: 'no JSON', body: '{"a":', code: 400 },
    { name: 'no UTF-8', body: Buffer.from([0x22, 0xc3, 0x28, 0x22]), code: 400 },
    { name: 'no review', body: '{}', code: 400 },
    { name: 'null', body: 'null', code: 400 },
    { name: 'a review of another version', body: review().replace('/v1', '/v1beta1'), code: 400 },
    { name: 'a review without a request', body: review().replace('"request"', '"requests"'), code: 400 },
    { name: 'a review whose uid is a number', body: review({ uid: 7 }), code: 400 },
    { name: 'a review whose uid is long', body: review({ uid: 'u'.repeat(257) }), code: 400 },
    { name: 'a review in the prototype', body: `{"__proto__":${review()}}`, code: 400 },
    { name: 'what is nested as deep as may be', body: review({ object: JSON.parse(nested(97)) as unknown }), code: 200 },
    { name: 'what is nested deeper', body: review({ object: JSON.parse(nested(98)) as unknown }), code: 400 },
    { name: 'brackets in a string', body: review({ name: `${'['.repeat(1000)}\\"${'{'.repeat(1000)}\\\\` }), code: 200 },
    { name: 'seven megabytes of brackets', body: Buffer.alloc(LARGEST_BODY, '['), code: 400 },
    { name: 'seven megabytes of small values', body: `[${'0,'.repeat(3_000_000)}0]`, code: 400 },
    { name: 'a body of the largest size', body: review({ object: 'x'.repeat(LARGEST_BODY - review({ object: '' }).length) }), code: 200 },
    { name: 'one byte more', body: review({ object: 'x'.repeat(LARGEST_BODY + 1 - review({ object: '' }).length) }), code: 413 },
    {
      name: 'more than was announced nowhere',
      body: Buffer.alloc(LARGEST_BODY + 1, ' '),
      options: { headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } },
      code: 413,
    },
  ];
  for (const { name, body = '', options = {}, code } of strange) {
    it(`answers ${name} with ${code}`, async () => {
      expect((await send(body, options).catch(brokenOff))?.code ?? code).to.equal(code);
      expect(responseOf(await send(review())).allowed, 'and goes on').to.equal(true);
    });
  }
  /** Who still sends when the answer comes may not get to read it. */
  const brokenOff = (error: NodeJS.ErrnoException): undefined => void expect(error.code).to.be.oneOf(['EPIPE', 'ECONNRESET']);

  it('leaves prototypes alone', async () => {
    await send(review().replace('"uid"', '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"uid"'));
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
  });

  it('makes an answer of its own mistakes: a refusal, or none where it may be missing; and counts them', async () => {
    verdict = () => {
      throw new Error('secret detail');
    };
    const strict = responseOf(await send(review()));
    expect(strict['status']).to.include({ code: 500, reason: 'InternalError' });
    const mild = responseOf(await send(review(), { path: '/mild' }));
    expect(mild['allowed']).to.equal(true);
    expect(mild['warnings']).to.have.length(1);
    expect(JSON.stringify([strict, mild])).not.to.include('secret detail');
    expect(await counted('webhookVerdicts')).to.deep.equal({ '/strict failed': 1, '/mild failed': 1 });
    expect((await metrics.webhookPanics.get()).values[0]?.value).to.equal(2);
  });

  it('answers before the API server stops waiting, which says for how long it does', async () => {
    verdict = () => new Promise(() => undefined);
    for (const [path, waits] of [
      ['/strict?timeout=2s', 1_600],
      ['/strict?timeout=30s', 4_000],
      ['/strict', 4_000],
    ] as const) {
      const answer = send(review(), { path });
      const already = judged.length;
      while (judged.length === already) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(waits - 1);
      expect(await Promise.race([answer, Promise.resolve('nothing yet')])).to.equal('nothing yet');
      await clock.advance(1);
      expect(responseOf(await answer)['status']).to.include({ code: 504 });
    }
    expect(await counted('webhookVerdicts')).to.deep.equal({ '/strict late': 3 });
  });

  it('does not wait for ever for a body', async () => {
    const sending = call({ ...target(), headers: { 'content-type': 'application/json', 'content-length': '10' } });
    sending.on('error', () => undefined);
    sending.write('{');
    const answered = once(sending, 'response') as Promise<[{ statusCode: number }]>;
    while (clock.pendingTimers === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(10_000);
    expect((await answered)[0].statusCode).to.equal(408);
    sending.destroy();
  });

  it('keeps a connection for longer than the API server does, and asks to leave it only when it is leaving itself', async () => {
    expect(server.keepAliveTimeout).to.be.above(90_000);
    expect(server.headersTimeout).to.be.above(server.keepAliveTimeout);
    const agent = new Agent({ keepAlive: true });
    expect((await send(review(), { agent })).connection).to.equal('keep-alive');
    leaving = true;
    const last = await send(review(), { agent });
    expect(responseOf(last)['allowed'], 'it still answers').to.equal(true);
    expect(last.connection).to.equal('close');
    agent.destroy();
  });

  it('shows another certificate without closing what is open', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await send(review(), { agent });
    const second = { name: 'ca', ...issueAuthority('ca', validity) };
    server.setSecureContext({ ...issueServer(second, [HOST], validity), ...TLS });
    const connections = () =>
      new Promise((resolve, reject) => server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))));
    expect(await connections()).to.equal(1);
    responseOf(await send(review(), { agent }));
    responseOf(await send(review(), { ca: second.cert }));
    expect(await connections(), 'the first is still the same').to.be.at.least(1);
    agent.destroy();
  });

  it('speaks HTTP/1.1 over TLS 1.2 or newer, and nothing else', async () => {
    const { port, host } = target();
    const handshake = (options: object) =>
      new Promise((resolve) => {
        const socket = connect({ port: Number(port), host: String(host), servername: HOST, ca: authority.cert, ...options });
        socket.once('secureConnect', () => resolve(socket.alpnProtocol));
        socket.once('error', () => resolve('refused'));
        socket.once('close', () => resolve('refused'));
        socket.setTimeout(5_000, () => socket.destroy());
      });
    expect(await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })).to.equal('http/1.1');
    expect(await handshake({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).to.equal('refused');
  });

  it('counts answers by path and code, and nobody can make it count what is not there', async () => {
    await send(review());
    await send('{}', { path: '/mild' });
    await send(review(), { path: '/made-up' });
    expect(await counted('webhookRequests')).to.deep.equal({ '/strict 200': 1, '/mild 400': 1 });
  });
});
