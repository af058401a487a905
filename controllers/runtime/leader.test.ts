import { expect } from 'chai';
import type { Lease } from '../../api/meta/builtin.ts';
import { fakeClock } from '../../test/doubles/clock.ts';
import { scriptedTransport } from '../../test/doubles/transport.ts';
import type { Clock } from './clock.ts';
import { ApiError } from './errors.ts';
import { createElector, fenced, type Elector } from './leader.ts';
import { silentLogger } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { ApiRequest, Transport } from './transport.ts';

const TIMINGS = { durationMs: 12_000, deadlineMs: 9_000, retryMs: 1_500 };

/** One lease, as the API server keeps it. */
function leaseServer() {
  let lease: Lease | undefined;
  let version = 0;
  const store = (body: unknown): Lease => {
    version += 1;
    const { metadata, spec } = body as Lease;
    return (lease = { metadata: { ...metadata, uid: 'u', resourceVersion: String(version) }, ...(spec === undefined ? {} : { spec }) });
  };
  const answer = ({ method, path, body }: ApiRequest): unknown => {
    if (path === WRITE.path) return {};
    if (method === 'POST') return lease === undefined ? store(body) : refuse(409, 'AlreadyExists');
    if (lease === undefined) return refuse(404, 'NotFound');
    if (method === 'GET') return lease;
    return (body as Lease).metadata.resourceVersion === lease.metadata.resourceVersion ? store(body) : refuse(409, 'Conflict');
  };
  const refuse = (code: number, reason: string): never => {
    throw new ApiError(code, reason, reason);
  };
  const touch = (): Lease => store(lease);
  return { answer, now: () => lease?.spec, touch, forget: () => (lease = undefined) };
}

/** A replica that stands for the lease of one controller; `cut` takes its way to the API server. */
function replica(identity: string, clock: Clock, answer: (request: ApiRequest) => unknown) {
  const state = { cut: false, working: false, error: undefined as unknown, ended: false };
  const inner = scriptedTransport({ answer });
  const transport: Transport = {
    ...inner,
    request: (request, signal) => (state.cut ? Promise.reject(new ApiError(0, 'Cut', 'No way')) : inner.request(request, signal)),
  };
  const base = { transport, clock, log: silentLogger, userAgent: 'test', namespace: 'ns', controller: 'grant' };
  const elector = createElector({ ...base, identity, timings: TIMINGS, metrics: createMetrics() });
  const stop = new AbortController();
  const finish = Promise.withResolvers<void>();
  const work = async (signal: AbortSignal): Promise<void> => {
    state.working = true;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([finish.promise, Promise.resolve()]);
    state.working = false;
  };
  elector.run(stop.signal, work).then(
    () => (state.ended = true),
    (error: unknown) => (state.error = error),
  );
  return { state, elector, requests: inner.requests, stop: () => stop.abort(), write: () => fenced(transport, elector).request(WRITE) };
}
const WRITE: ApiRequest = { method: 'PATCH', path: '/write' };

describe('a lease', () => {
  it('is held by one of two, who renews it, and is taken over by the other once it has lapsed', async () => {
    const clock = fakeClock();
    const server = leaseServer();
    const first = replica('one', clock, server.answer);
    await clock.advance(0);
    const second = replica('two', clock, server.answer);
    await clock.advance(60_000);
    expect([first.elector.leads, second.elector.leads]).to.deep.equal([true, false]);
    expect(server.now()).to.include({ holderIdentity: 'one', leaseDurationSeconds: 12, leaseTransitions: 0 });
    first.state.cut = true;
    await clock.advance(8_999);
    expect(second.state.working).to.equal(false);
    await clock.advance(4_600);
    expect([first.elector.leads, second.elector.leads]).to.deep.equal([false, true]);
    expect(server.now()).to.include({ holderIdentity: 'two', leaseTransitions: 1 });
    expect(String(first.state.error)).to.include('Lost the lease keystone-grant: No way');
  });

  it('is given back by who is asked to stop, and taken at once', async () => {
    const clock = fakeClock();
    const server = leaseServer();
    const first = replica('one', clock, server.answer);
    await clock.advance(0);
    const second = replica('two', clock, server.answer);
    await clock.advance(30_000);
    first.stop();
    await clock.advance(0);
    expect(first.state).to.include({ ended: true, working: false });
    expect(server.now()).to.include({ holderIdentity: '' });
    await clock.advance(1_500);
    expect(second.state.working).to.equal(true);
  });

  it('is nobody’s business to somebody who stops while waiting for it', async () => {
    const clock = fakeClock();
    const server = leaseServer();
    replica('one', clock, server.answer);
    await clock.advance(0);
    const second = replica('two', clock, server.answer);
    await clock.advance(5_000);
    second.stop();
    await clock.advance(0);
    expect(second.state).to.include({ ended: true });
    expect(server.now()).to.include({ holderIdentity: 'one' });
  });

  it('is not believed in its times: a clock that is off by minutes elects nobody', async () => {
    const clock = fakeClock();
    const server = leaseServer();
    const first = replica('one', clock, server.answer);
    await clock.advance(0);
    const ahead: Clock = { ...clock, date: () => new Date(clock.date().getTime() + 600_000) };
    const second = replica('two', ahead, server.answer);
    await clock.advance(120_000);
    expect([first.elector.leads, second.elector.leads]).to.deep.equal([true, false]);
  });

  it('fences off a process that was stopped, and wakes up before it knows', async () => {
    const clock = fakeClock();
    let skipped = 0;
    // A process that does not run gets no timers, while the time goes on.
    const own: Clock = { ...clock, now: () => clock.now() + skipped };
    const server = leaseServer();
    const first = replica('one', own, server.answer);
    await clock.advance(0);
    await first.write();
    skipped = 9_001;
    const error: unknown = await first.write().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ApiError).with.property('reason', 'NotLeader');
    expect(first.requests.filter(({ path }) => path === '/write')).to.have.length(1);
  });

  it('is kept through a stall in which nobody else took it', async () => {
    const clock = fakeClock();
    let skipped = 0;
    const own: Clock = { ...clock, now: () => clock.now() + skipped };
    const first = replica('one', own, leaseServer().answer);
    await clock.advance(1_499);
    skipped = 10_000;
    expect(first.elector.leads).to.equal(false);
    await clock.advance(1);
    expect(first.elector.leads).to.equal(true);
    expect(first.state).to.include({ working: true, error: undefined });
  });

  /** A leader whose process stops running, another that leads meanwhile, and the wakening. */
  async function overslept() {
    const clock = fakeClock();
    const server = leaseServer();
    let asleep = false;
    const missed: (() => void)[] = [];
    // A process that does not run has no timers either: they come when it wakes up.
    const own: Clock = { ...clock, timer: (ms, callback) => clock.timer(ms, () => (asleep ? void missed.push(callback) : callback())) };
    const first = replica('one', own, server.answer);
    await clock.advance(3_000);
    asleep = true;
    const second = replica('two', clock, server.answer);
    await clock.advance(15_000);
    expect(second.state.working).to.equal(true);
    const wakeUp = async (): Promise<void> => {
      asleep = false;
      for (const callback of missed) callback();
      await clock.advance(2_000);
    };
    return { clock, server, first, second, wakeUp };
  }

  it('is lost to somebody who took it and gave it back, while the process did not run', async () => {
    const { clock, server, first, second, wakeUp } = await overslept();
    second.stop();
    await clock.advance(0);
    expect(server.now()).to.include({ holderIdentity: '' });
    await wakeUp();
    expect(String(first.state.error)).to.include('Lost the lease');
  });

  it('is not made anew by a process that did not run, whoever has led and deleted it meanwhile', async () => {
    const { server, first, second, wakeUp } = await overslept();
    second.state.cut = true;
    server.forget();
    await wakeUp();
    expect(String(first.state.error)).to.include('Lost the lease');
    expect(server.now()).to.equal(undefined);
  });

  it('is stood for again when somebody deleted it', async () => {
    const clock = fakeClock();
    const server = leaseServer();
    const first = replica('one', clock, server.answer);
    await clock.advance(3_000);
    server.forget();
    await clock.advance(1_500);
    expect(first.state).to.include({ working: true, error: undefined });
    expect(server.now()).to.include({ holderIdentity: 'one' });
  });

  it('is kept while somebody else goes on writing into it, who does not want it', async () => {
    const clock = fakeClock();
    const server = leaseServer();
    let meddles = true;
    // Whatever was read is old by the time it is written.
    const answer = (request: ApiRequest): unknown => {
      if (meddles && request.method === 'PUT') server.touch();
      return server.answer(request);
    };
    const first = replica('one', clock, (request) => (request.method === 'POST' ? server.answer(request) : answer(request)));
    await clock.advance(6_000);
    meddles = false;
    await clock.advance(60_000);
    expect(first.state).to.include({ working: true, error: undefined });
    expect(server.now()).to.include({ holderIdentity: 'one', leaseTransitions: 0 });
  });

  it('is never held by two at a time, whoever is cut off when', async () => {
    const clock = fakeClock();
    const server = leaseServer();
    let seed = 42;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    let serial = 0;
    const join = () => replica(`r${serial++}`, clock, server.answer);
    let replicas = [join(), join(), join()];
    let changes = 0;
    let leader: Elector | undefined;
    for (let step = 0; step < 2_000; step++) {
      await clock.advance(random(2_000));
      const leading = replicas.filter(({ elector }) => elector.leads);
      expect(leading.length, `step ${step}`).to.be.at.most(1);
      if (leading[0] !== undefined && leading[0].elector !== leader) changes += 1;
      leader = leading[0]?.elector ?? leader;
      const one = replicas[random(replicas.length)];
      if (one !== undefined && random(8) === 0) one.state.cut = !one.state.cut;
      replicas = replicas.map((each) => (each.state.error === undefined ? each : join()));
    }
    expect(changes, 'the lease went round').to.be.above(20);
  });
});
