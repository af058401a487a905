import { expect } from 'chai';
import type { Condition } from '../../api/meta/object.ts';
import { configMap } from '../../test/build.ts';
import { ConfigMap } from '../../api/meta/builtin.ts';
import { fakeClock } from '../../test/doubles/clock.ts';
import { scriptedTransport } from '../../test/doubles/transport.ts';
import { ApiError } from './errors.ts';
import { createEventLimits } from './event-limits.ts';
import { createEventRecorder, happeningsOf } from './events.ts';
import { silentLogger } from './log.ts';

const condition = (type: string, status: Condition['status'], reason: string): Condition => ({
  type,
  status,
  reason,
  message: `${reason}.`,
  lastTransitionTime: '',
  observedGeneration: 1,
});
const MINUTE = 60_000;

describe('what is told of a change', () => {
  const abnormal = new Set(['OverQuota']);
  const ready = condition('Ready', 'True', 'InForce');
  const cases: { name: string; before: readonly Condition[]; after: readonly Condition[]; failed?: boolean; want: readonly string[] }[] = [
    { name: 'nothing when nothing changed', before: [ready], after: [ready], want: [] },
    { name: 'nothing when it is only said in other words', before: [{ ...ready, message: 'else' }], after: [ready], want: [] },
    { name: 'that it is in force', before: [], after: [ready], want: ['Normal InForce'] },
    {
      name: 'another reason, though Ready stays',
      before: [condition('Ready', 'True', 'Cordoned')],
      after: [ready],
      want: ['Normal InForce'],
    },
    {
      name: 'a failure, as a warning, once',
      before: [ready],
      after: [condition('Ready', 'False', 'ReconcileError'), condition('Reconciling', 'True', 'ReconcileError')],
      failed: true,
      want: ['Warning ReconcileError'],
    },
    {
      name: 'what is lost',
      before: [ready, condition('QuotaEnforced', 'True', 'QuotaEnforced')],
      after: [ready, condition('QuotaEnforced', 'False', 'QuotaPending')],
      want: ['Warning QuotaPending'],
    },
    {
      name: 'nothing of what is not there yet',
      before: [ready],
      after: [ready, condition('QuotaEnforced', 'False', 'QuotaPending')],
      want: [],
    },
    {
      name: 'what should not be',
      before: [ready],
      after: [ready, condition('OverQuota', 'True', 'OverQuota')],
      want: ['Warning OverQuota'],
    },
  ];
  for (const { name, before, after, failed = false, want } of cases)
    it(`is ${name}`, () =>
      expect(happeningsOf(before, after, abnormal, failed).map(({ type, reason }) => `${type} ${reason}`)).to.deep.equal(want));
});

describe('the limits of events', () => {
  const error = { type: 'Warning', reason: 'ReconcileError', note: 'again' } as const;

  it('let an error that repeats itself for an hour be told 37 times at most (checklist 39)', async () => {
    const clock = fakeClock();
    const limits = createEventLimits(clock);
    let told = 0;
    for (let second = 0; second < 3600; second += 5) {
      if (limits.admits('u', error)) told += 1;
      await clock.advance(5000);
    }
    expect(told).to.be.within(25, 37);
  });

  it('never lose what is new, however much was told before', async () => {
    const clock = fakeClock();
    const limits = createEventLimits(clock);
    for (let i = 0; i < 100; i++) limits.admits('u', error);
    expect(limits.admits('u', error)).to.equal(false);
    expect(limits.admits('u', { ...error, reason: 'InForce' })).to.equal(true);
    expect(limits.admits('other', error)).to.equal(true);
    await clock.advance(10 * MINUTE);
    expect(limits.admits('u', error), 'after ten minutes it is news again').to.equal(true);
  });
});

describe('an event', () => {
  const happening = { type: 'Normal', reason: 'InForce', note: 'x'.repeat(2000) } as const;
  const record = (answer: () => unknown) => {
    const transport = scriptedTransport({ answer });
    const recorder = createEventRecorder({ transport, clock: fakeClock(), log: silentLogger, controller: 'grant', userAgent: 'test' });
    return { transport, recorder };
  };

  it('says what happened to which object, within the API server’s limits', async () => {
    const { transport, recorder } = record(() => ({}));
    recorder.record(ConfigMap, configMap('a'.repeat(253)), [happening]);
    await recorder.flushed();
    const [sent] = transport.requests;
    expect(sent).to.include({ method: 'POST', path: '/apis/events.k8s.io/v1/namespaces/test/events' });
    const body = sent?.body as { metadata: { name: string }; note: string };
    expect(body).to.include({
      type: 'Normal',
      reason: 'InForce',
      action: 'Reconcile',
      reportingController: 'keystone.io/grant',
      eventTime: '2030-01-01T00:00:00.000000Z',
    });
    expect(body).to.have.property('regarding').that.includes({ kind: 'ConfigMap', apiVersion: 'v1', namespace: 'test' });
    expect([body.metadata.name.length, body.note.length]).to.deep.equal([253, 1024]);
  });

  it('of thousands at once is not lost, and what an API server never takes is not kept for ever', async () => {
    const crowd = record(() => ({}));
    for (let i = 0; i < 9_000; i++) crowd.recorder.record(ConfigMap, configMap(`a${i}`), [happening]);
    await crowd.recorder.flushed();
    expect(crowd.transport.requests).to.have.length(9_000);
    const deaf = record(() => new Promise<never>(() => undefined));
    const warned: string[] = [];
    const log = { ...silentLogger, warn: (message: string) => void warned.push(message) };
    const recorder = createEventRecorder({
      transport: deaf.transport,
      clock: fakeClock(),
      log,
      controller: 'grant',
      userAgent: 'test',
    });
    for (let i = 0; i < 11_000; i++) recorder.record(ConfigMap, configMap(`a${i}`), [happening]);
    expect(warned).to.deep.equal(['Events are lost: the API server takes them more slowly than they come']);
  });

  it('that nobody takes holds up no end, and none is told after it', async () => {
    const clock = fakeClock();
    const waiting: (() => void)[] = [];
    const transport = scriptedTransport({ answer: () => new Promise<object>((resolve) => waiting.push(() => resolve({}))) });
    const recorder = createEventRecorder({ transport, clock, log: silentLogger, controller: 'grant', userAgent: 'test' });
    for (const name of ['a', 'b']) recorder.record(ConfigMap, configMap(name), [happening]);
    const ended = recorder.flushed();
    await clock.advance(1_000);
    await ended;
    waiting.forEach((answer) => answer());
    await clock.advance(1);
    expect(transport.requests).to.have.length(1);
  });

  /** A recorder on a clock that the test moves, with what it warned of. */
  const patient = (answer: () => unknown) => {
    const clock = fakeClock();
    const warned: string[] = [];
    const log = { ...silentLogger, warn: (message: string) => void warned.push(message) };
    const transport = scriptedTransport({ answer });
    const recorder = createEventRecorder({ transport, clock, log, controller: 'grant', userAgent: 'test' });
    return { clock, transport, recorder, warned, told: (name: string) => recorder.record(ConfigMap, configMap(name), [happening]) };
  };

  for (const { name, error } of [
    { name: 'no answer', error: () => new ApiError(0, 'Cut', 'cut') },
    { name: 'too much asked', error: () => new ApiError(429, 'TooManyRequests', 'later') },
    { name: 'a server in trouble', error: () => new ApiError(503, 'ServiceUnavailable', 'later') },
  ])
    it(`waits with all that come after it while there is ${name}, and none is lost`, async () => {
      let down = true;
      const { clock, transport, warned, told } = patient(() => {
        if (down) throw error();
        return {};
      });
      for (let i = 0; i < 50; i++) told(`a${i}`);
      await clock.advance(20_000);
      expect(transport.requests.length, 'tries').to.be.within(4, 20);
      down = false;
      await clock.advance(15_000);
      expect(new Set(transport.requests.map(({ body }) => JSON.stringify(body))).size).to.equal(50);
      expect(warned).to.deep.equal([]);
    });

  it('is not used up by an outage: after ten minutes without an answer all are sent', async () => {
    let down = true;
    const { clock, transport, warned, told } = patient(() => {
      if (down) throw new ApiError(0, 'ECONNREFUSED', 'away');
      return {};
    });
    for (let i = 0; i < 50; i++) told(`a${i}`);
    await clock.advance(10 * MINUTE);
    const tried = transport.requests.length;
    down = false;
    await clock.advance(MINUTE);
    const sent = transport.requests.slice(tried).map(({ body }) => JSON.stringify(body));
    expect([sent.length, new Set(sent).size]).to.deep.equal([50, 50]);
    expect(warned).to.deep.equal([]);
  });

  it('is given up after an hour, when Kubernetes would have forgotten it, so that none holds up the others for ever', async () => {
    const { clock, transport, warned, told } = patient(() => {
      if (JSON.stringify(transport.requests.at(-1)?.body).includes('poison')) throw new ApiError(0, 'Cut', 'cut');
      return {};
    });
    told('poison');
    told('other');
    await clock.advance(59 * MINUTE);
    expect(new Set(transport.requests.map(({ body }) => JSON.stringify(body))).size).to.equal(1);
    await clock.advance(2 * MINUTE);
    expect(JSON.stringify(transport.requests.at(-1)?.body)).to.include('other');
    expect(warned).to.have.length(1);
  });

  it('is not sent before the API server wants to be asked again', async () => {
    let calls = 0;
    const { clock, told } = patient(() => {
      calls += 1;
      if (calls === 1) throw new ApiError(429, 'TooManyRequests', 'later', { retryAfterMs: 5_000 });
      return {};
    });
    told('a');
    await clock.advance(4_900);
    expect(calls).to.equal(1);
    await clock.advance(200);
    expect(calls).to.equal(2);
  });

  it('that alone is never taken does not hold up the others for ever, and its loss is told once', async () => {
    const { clock, transport, warned, told } = patient(() => {
      throw new ApiError(500, 'InternalError', 'down');
    });
    for (let i = 0; i < 3; i++) told(`a${i}`);
    await clock.advance(4 * MINUTE);
    expect(new Set(transport.requests.map(({ body }) => JSON.stringify(body))).size).to.equal(3);
    expect(warned).to.have.length(1);
  });

  it('that waits for an API server is tried at once at the end, which waits for it a second at most', async () => {
    let down = true;
    const { clock, transport, told, recorder, warned } = patient(() => {
      if (down) throw new ApiError(0, 'Cut', 'cut');
      return {};
    });
    for (let i = 0; i < 3; i++) told(`a${i}`);
    await clock.advance(20_000);
    const tried = transport.requests.length;
    const ended = recorder.flushed();
    await clock.advance(0);
    expect(transport.requests).to.have.length(tried + 1);
    await clock.advance(1_000);
    await ended;
    down = false;
    const last = transport.requests.length;
    expect(last - tried, 'tries in that second').to.be.below(10);
    await clock.advance(MINUTE);
    expect(transport.requests, 'nothing afterwards').to.have.length(last);
    expect(clock.pendingTimers).to.equal(0);
    expect(warned).to.have.length(1);
  });

  it('is given up when it is refused', async () => {
    const refused = record(() => {
      throw new ApiError(403, 'Forbidden', 'the namespace is being terminated');
    });
    refused.recorder.record(ConfigMap, configMap('a'), [happening]);
    await refused.recorder.flushed();
    expect(refused.transport.requests).to.have.length(1);
  });
});
