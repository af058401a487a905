import { once } from 'node:events';
import { Agent, request as call } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { K8sObject } from '../../api/meta/object.ts';
import { quotaWebhook } from '../../controllers/grant/admission.ts';
import { issueAuthority, issueServer } from '../../controllers/runtime/certificates.ts';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { silentLogger } from '../../controllers/runtime/log.ts';
import { createMetrics } from '../../controllers/runtime/metrics.ts';
import { servedUnder } from '../../controllers/runtime/resource.ts';
import { TLS } from '../../controllers/runtime/serving.ts';
import { answerBody } from '../../controllers/runtime/webhook-answer.ts';
import { createJudge } from '../../controllers/runtime/webhook-judge.ts';
import { createWebhookServer } from '../../controllers/runtime/webhook-server.ts';
import { scriptedTransport } from '../doubles/transport.ts';
import { dice } from './dice.ts';
import { hostileBody, LARGE } from './reviews.ts';

const FULL = process.env['TEST_FULL'] !== undefined;
const BODIES = Number(process.env['FUZZ_BODIES'] ?? (FULL ? 1_000_000 : 20_000));
/** The wire is slower than what it leads to: a tenth goes over it. */
const EVERY = 10;
const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

const metadata = { name: 'grant', namespace: 'slice', uid: 'u', resourceVersion: '1' };
const quota = { metadata, status: { hard: { pods: '10', 'requests.cpu': '1', 'requests.storage': '1Gi' }, used: { pods: '9' } } };
const range = { metadata, spec: { limits: [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '1' } }] } };
const WORLD: Readonly<Record<string, K8sObject>> = { ResourceQuota: quota, LimitRange: range };
const reader: Parameters<typeof createJudge>[1] = {
  get: (resource, { namespace }) => {
    const object = namespace === 'slice' ? WORLD[resource.kind] : undefined;
    return object === undefined ? undefined : servedUnder(resource, object);
  },
  list: () => [],
  ownedBy: () => [],
};

describe(`${BODIES} hostile reviews (FUZZ_SEED=${SEED})`, () => {
  const metrics = createMetrics();
  const transport = scriptedTransport({ answer: () => WORLD['ResourceQuota'] });
  const judge = createJudge(quotaWebhook, reader, { transport, clock: systemClock, log: silentLogger, metrics, userAgent: 'fuzz' });
  const prototypes = [Object.prototype, Array.prototype, String.prototype, Map.prototype, Function.prototype];
  const shape = (): string => prototypes.map((prototype) => Object.getOwnPropertyNames(prototype).join()).join(';');

  /** A review that answers, or a 4xx that says why not. */
  function judgeAnswer(code: number, body: unknown, sent: Buffer): void {
    const told = () => `FUZZ_SEED=${SEED}: ${code} ${JSON.stringify(body)} to ${sent.toString('base64').slice(0, 4000)}`;
    if (code !== 200) return void expect(code, told()).to.be.oneOf([400, 413]);
    const { response } = body as {
      response: { uid: unknown; allowed: unknown; status?: { code: number; message: string }; warnings?: string[] };
    };
    expect(response.uid, told()).to.be.a('string').and.not.equal('');
    if (response.allowed === true) expect(response.status, told()).to.equal(undefined);
    else expect(response, told()).to.deep.include({ allowed: false }).and.have.nested.property('status.code', 403);
    for (const warning of response.warnings ?? []) expect(warning.length, told()).to.be.within(1, 256);
  }

  it('are all answered, by the same words each time, and change nothing in us', async function () {
    this.timeout(BODIES * 5 + 60_000);
    const before = shape();
    const throws = dice(SEED);
    const times: number[] = [];
    const codes = new Map<string, number>();
    for (let at = 0; at < BODIES; at++) {
      const body = hostileBody(throws);
      const copy = Buffer.from(body);
      const started = performance.now();
      const answer = await answerBody(body, judge, 5_000);
      times.push(performance.now() - started);
      judgeAnswer(answer.code, answer.body, body);
      const kind = answer.code === 200 ? `200 ${JSON.stringify(answer.body).includes('"allowed":true')}` : String(answer.code);
      codes.set(kind, (codes.get(kind) ?? 0) + 1);
      if (at % 100 === 0) {
        expect(body.equals(copy), 'the body is as it was').to.equal(true);
        expect(await answerBody(copy, judge, 5_000)).to.deep.equal(answer);
        expect(shape(), `FUZZ_SEED=${SEED}: prototypes are as they were`).to.equal(before);
      }
    }
    const { values } = await metrics.webhookVerdicts.get();
    const failed = values.filter(({ labels, value }) => value > 0 && /late|failed/.test(JSON.stringify(labels)));
    expect(failed, 'no verdict was a mistake or came too late').to.deep.equal([]);
    for (const kind of ['200 true', '200 false', '400']) expect(codes.get(kind) ?? 0, `${kind} happens`).to.be.above(BODIES / 100);
    const sorted = times.toSorted((a, b) => a - b);
    const of = (part: number) => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(3);
    const tenth = Math.floor(BODIES / 10);
    // Not the mean: one pause of a busy machine is no answer that got slower.
    const median = (some: readonly number[]) => some.toSorted((a, b) => a - b)[Math.floor(some.length / 2)] ?? 0;
    const [first, last] = [median(times.slice(0, tenth)), median(times.slice(-tenth))];
    console.log(
      `      p50 ${of(0.5)} ms, p99 ${of(0.99)} ms, longest ${of(0.999999)} ms; median of the first tenth ${first.toFixed(4)} ms, of the last ${last.toFixed(4)} ms`,
    );
    expect(last, 'milliseconds: what was asked before makes no answer slower').to.be.below(5 * first);
    console.log(`      ${[...codes].map(([kind, count]) => `${kind}: ${count}`).join(', ')}`);
  });

  it('are no more trouble where they are large', async () => {
    for (const body of LARGE) {
      const { user } = process.cpuUsage();
      const { code, body: said } = await answerBody(body, judge, 5_000);
      judgeAnswer(code, said, body.subarray(0, 100));
      // Time on a processor, not on the clock: other work on the machine does not count.
      expect((process.cpuUsage().user - user) / 1000, `CPU milliseconds for ${body.subarray(0, 20).toString()}`).to.be.below(6_000);
    }
  });

  it('over the wire end neither the server nor its connections', async function () {
    this.timeout(BODIES * 5 + 60_000);
    const validity = { from: new Date(Date.now() - 1000), until: new Date(Date.now() + 86_400_000) };
    const authority = { name: 'ca', ...issueAuthority('ca', validity) };
    const desks = new Map([['/quota', { judge, timeoutMs: 5_000 }]]);
    const server = createWebhookServer({ desks, clock: systemClock, metrics, leaving: () => false });
    server.setSecureContext({ ...issueServer(authority, ['hook'], validity), ...TLS });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    let connections = 0;
    server.on('secureConnection', () => (connections += 1));
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const target = {
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      servername: 'hook',
      ca: authority.cert,
      path: '/quota',
      agent,
    };
    const send = (body: Buffer): Promise<void> =>
      new Promise((resolve, reject) => {
        const sending = call(
          { ...target, method: 'POST', headers: { 'content-type': 'application/json', 'content-length': body.length } },
          (response) => {
            let text = '';
            response.on('data', (part: Buffer) => (text += part.toString()));
            response.on('end', () => {
              const code = response.statusCode ?? 0;
              judgeAnswer(code, code === 200 ? JSON.parse(text) : text, body);
              resolve();
            });
          },
        );
        sending.on('error', reject);
        sending.end(body);
      });
    const throws = dice(SEED + 1);
    const started = performance.now();
    for (let at = 0; at < BODIES / EVERY; at += 4) await Promise.all(Array.from({ length: 4 }, () => send(hostileBody(throws))));
    console.log(
      `      ${BODIES / EVERY} over ${connections} connections, ${Math.round(BODIES / EVERY / ((performance.now() - started) / 1000))} a second`,
    );
    expect(connections, 'what is refused leaves its connection whole').to.be.at.most(4);
    agent.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
