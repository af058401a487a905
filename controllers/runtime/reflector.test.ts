import { expect } from 'chai';
import type { K8sObject } from '../../api/meta/object.ts';
import { ConfigMap } from '../../api/meta/builtin.ts';
import { configMap } from '../../test/build.ts';
import { fakeClock } from '../../test/doubles/clock.ts';
import { bookmark, event, initialEnd, scriptedTransport, type ScriptedWatch } from '../../test/doubles/transport.ts';
import { ApiError } from './errors.ts';
import { createGate } from './consistency.ts';
import { createInformer } from './informer.ts';
import { silentLogger } from './log.ts';
import { reflect } from './reflector.ts';
import { keyOf } from './resource.ts';

const MINUTE = 60_000;

/** An informer that runs on a script, and all that it told. */
function start(options: Parameters<typeof scriptedTransport>[0] = {}) {
  const clock = fakeClock();
  const transport = scriptedTransport(options);
  const informer = createInformer({ transport, clock, log: silentLogger, resource: ConfigMap });
  const told: string[] = [];
  informer.subscribe((change, initial) => {
    const object: K8sObject = change.kind === 'deleted' ? change.previous : change.next;
    told.push(`${initial ? 'initial ' : ''}${change.kind} ${object.metadata.name}`);
  });
  const stop = new AbortController();
  const ended = informer.run(stop.signal);
  const last = (): ScriptedWatch => {
    const watch = transport.watches.at(-1);
    if (watch === undefined) throw new Error('Nothing was watched yet');
    return watch;
  };
  return { clock, transport, informer, told, last, stop: async () => (stop.abort(), await clock.advance(1), await ended) };
}

const whole = (watch: ScriptedWatch, version: string, ...objects: readonly K8sObject[]): void =>
  watch.send(...objects.map((object) => event('ADDED', object)), initialEnd(version));

describe('an informer', () => {
  it('shows nothing of a collection before it is whole, then everything at once', async () => {
    const { clock, informer, told, last, stop } = start();
    await clock.advance(0);
    expect(last().request.query).to.include({ sendInitialEvents: true, allowWatchBookmarks: true, resourceVersionMatch: 'NotOlderThan' });
    last().send(event('ADDED', configMap('a')));
    await clock.advance(0);
    expect([informer.hasSynced, told]).to.deep.equal([false, []]);
    last().send(initialEnd('5'));
    await clock.advance(0);
    expect([informer.hasSynced, told]).to.deep.equal([true, ['initial added a']]);
    await stop();
  });

  it('tells each change once, and goes on from the last version after the server ends the watch', async () => {
    const { clock, told, last, stop } = start();
    await clock.advance(0);
    whole(last(), '5', configMap('a', '3'));
    last().send(
      event('MODIFIED', configMap('a', '6')),
      event('MODIFIED', configMap('a', '6')),
      event('DELETED', configMap('a', '7')),
      event('DELETED', configMap('a', '7')),
    );
    await clock.advance(5 * MINUTE);
    last().send(bookmark('9'));
    await clock.advance(0);
    last().end();
    await clock.advance(0);
    expect(last().request.query).to.include({ resourceVersion: '9' });
    expect(told).to.deep.equal(['initial added a', 'updated a', 'deleted a']);
    await stop();
  });

  it('shows nothing that changed or went while the collection was sent as it was before', async () => {
    const { clock, informer, last, stop } = start();
    await clock.advance(0);
    last().send(event('ADDED', configMap('a', '1')), event('ADDED', configMap('b', '2')), event('ADDED', configMap('c', '3')));
    last().send(event('MODIFIED', configMap('b', '4')), event('DELETED', configMap('a', '5')), initialEnd('5'));
    await clock.advance(0);
    expect(informer.list().map((object) => `${keyOf(object)} ${object.metadata.resourceVersion}`)).to.deep.equal(['test/b 4', 'test/c 3']);
    await stop();
  });

  it('reads anew after 410 and tells what vanished in the gap, once', async () => {
    const { clock, informer, told, last, stop } = start();
    await clock.advance(0);
    whole(last(), '5', configMap('a', '3'), configMap('b', '4'));
    await clock.advance(0);
    last().send({ type: 'ERROR', error: ApiError.fromStatus(0, { code: 410, reason: 'Expired', message: 'too old resource version' }) });
    await clock.advance(MINUTE);
    expect(informer.list().map(keyOf), 'still readable while it is read anew').to.deep.equal(['test/a', 'test/b']);
    expect(last().request.query).to.include({ sendInitialEvents: true });
    whole(last(), '50', configMap('b', '4'), configMap('c', '40'));
    await clock.advance(0);
    expect(told.slice(2)).to.deep.equal(['initial deleted a', 'initial added c']);
    await stop();
  });

  it('tells an object that was made anew under its name as one that went and one that came', async () => {
    const { clock, told, last, stop } = start();
    await clock.advance(0);
    whole(last(), '5', configMap('a', '3', { uid: 'old' }));
    last().send(event('MODIFIED', configMap('a', '9', { uid: 'new' })));
    await clock.advance(0);
    expect(told).to.deep.equal(['initial added a', 'deleted a', 'added a']);
    await stop();
  });

  it('lists by pages where the API server does not stream collections', async () => {
    const pages = [
      { metadata: { resourceVersion: '7', continue: 'next' }, items: [configMap('a', '1')] },
      { metadata: { resourceVersion: '7' }, items: [configMap('b', '2')] },
    ];
    const { clock, transport, told, last, stop } = start({
      answer: () => pages.shift(),
      onWatch: (watch) =>
        watch.request.query?.['sendInitialEvents'] === true && watch.fail(new ApiError(422, 'Invalid', 'sendInitialEvents: Forbidden')),
    });
    await clock.advance(MINUTE);
    expect(transport.requests.map(({ query }) => query?.['continue'])).to.deep.equal([undefined, 'next']);
    expect(told).to.deep.equal(['initial added a', 'initial added b']);
    expect(last().request.query).to.include({ resourceVersion: '7' }).and.not.have.property('sendInitialEvents');
    await stop();
  });

  it('gives up a watch that has fallen silent, and only such a one', async () => {
    const { clock, transport, last, stop } = start();
    await clock.advance(0);
    whole(last(), '5');
    for (let minute = 0; minute < 3; minute++) {
      await clock.advance(MINUTE);
      last().send(bookmark('6'));
    }
    await clock.advance(179_000);
    expect(transport.watches, 'bookmarks prove life').to.have.length(1);
    await clock.advance(5_000);
    expect(transport.watches.map(({ open }) => open)).to.deep.equal([false, true]);
    await stop();
  });

  it('reads anew after a watch that never said a word: an etcd that was restored lets it wait for versions that are long to come', async () => {
    const { clock, informer, last, stop } = start();
    await clock.advance(0);
    whole(last(), '900', configMap('lost', '800'));
    await clock.advance(MINUTE);
    last().fail(new ApiError(0, 'ECONNRESET', 'The API server is restarted'));
    await clock.advance(MINUTE);
    expect(last().request.query, 'what went on for long is gone on with').to.include({ resourceVersion: '900' });
    await clock.advance(4 * MINUTE);
    expect(last().request.query).to.include({ sendInitialEvents: true });
    whole(last(), '50', configMap('kept', '40'));
    await clock.advance(0);
    expect([informer.list().map(keyOf), informer.rewinds]).to.deep.equal([['test/kept'], 1]);
    await stop();
  });

  it('spends an idle hour with at most one watch a minute, and no list (checklist 26)', async () => {
    const { clock, transport, last, stop } = start();
    await clock.advance(0);
    whole(last(), '5');
    const opened: number[] = [];
    for (let second = 0; second < 3600; second++) {
      await clock.advance(1000);
      // As the API server does: a bookmark a minute, and an end after the time that was asked for.
      if (transport.watches.length !== opened.length) opened.push(second);
      if (second % 60 === 59) last().send(bookmark(String(100 + second)));
      if (second - (opened.at(-1) ?? 0) >= Number(last().request.query?.['timeoutSeconds'])) last().end();
    }
    expect(opened.length).to.be.within(6, 13);
    expect(transport.watches.filter(({ request }) => request.query?.['sendInitialEvents'] === true)).to.have.length(1);
    await stop();
  });

  it('spreads its attempts while the API server is away, waits as long as it is asked to, and comes back', async () => {
    let refuse: ApiError | undefined = ApiError.from(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    const { clock, transport, informer, last, stop } = start({ onWatch: (watch) => refuse !== undefined && watch.fail(refuse) });
    await clock.advance(5 * MINUTE);
    expect(transport.watches.length, 'attempts in five minutes').to.be.within(10, 18);
    refuse = ApiError.fromStatus(429, { reason: 'TooManyRequests' }, '45');
    const before = transport.watches.length;
    await clock.advance(100_000);
    expect(transport.watches.length - before, 'attempts in 100 s of Retry-After: 45').to.be.within(1, 4);
    refuse = undefined;
    await clock.advance(46_000);
    whole(last(), '5', configMap('a'));
    await clock.advance(0);
    expect(informer.size).to.equal(1);
    await stop();
  });

  it('does not stay away for as long as something in between asks it to', async () => {
    let refuse: ApiError | undefined = ApiError.fromStatus(503, 'Back in a day', '86400');
    const { clock, informer, last, stop } = start({ onWatch: (watch) => refuse !== undefined && watch.fail(refuse) });
    await clock.advance(MINUTE);
    refuse = undefined;
    await clock.advance(5 * MINUTE);
    whole(last(), '5', configMap('a'));
    await clock.advance(0);
    expect(informer.size).to.equal(1);
    await stop();
  });

  it('does not believe a watch that ends as soon as it begins', async () => {
    const { clock, transport, stop } = start({ onWatch: (watch) => (whole(watch, '5'), watch.end()) });
    await clock.advance(MINUTE);
    expect(transport.watches.length).to.be.below(10);
    await stop();
  });

  it('reads the whole collection again every few hours, and so finds what a healthy watch never told', async () => {
    const { clock, transport, told, last, stop } = start();
    await clock.advance(0);
    whole(last(), '5', configMap('lost', '3'));
    const lists = () => transport.watches.filter(({ request }) => request.query?.['sendInitialEvents'] === true).length;
    for (let minute = 0; minute < 8 * 60 + 20 && lists() < 2; minute++) {
      await clock.advance(MINUTE);
      last().send(bookmark(String(1000 + minute)));
      if (minute % 7 === 6) last().end();
    }
    expect(lists()).to.equal(2);
    whole(last(), '9000');
    await clock.advance(0);
    expect(told.at(-1)).to.equal('initial deleted lost');
    await stop();
  });

  it('leaves no timer and no watch behind when it is stopped', async () => {
    const { clock, transport, last, stop } = start();
    await clock.advance(0);
    whole(last(), '5');
    await clock.advance(0);
    await stop();
    expect([clock.pendingTimers, transport.watches.some(({ open }) => open)]).to.deep.equal([0, false]);
  });

  it('begins no watch when it is stopped while a list of pages is put in place', async () => {
    const stopping = new AbortController();
    const clock = fakeClock();
    const transport = scriptedTransport({
      answer: () => ({ metadata: { resourceVersion: '7' }, items: [configMap('a')] }),
      onWatch: (watch) => watch.request.query?.['sendInitialEvents'] === true && watch.fail(new ApiError(422, 'Invalid', 'Forbidden')),
    });
    // Many objects take several turns: a stop may come in any of them.
    const replace = () => Promise.resolve(stopping.abort());
    const mirror = { replace, apply: () => undefined, advance: () => undefined };
    const collection = { path: '/api/v1/configmaps' };
    void reflect({ transport, clock, log: silentLogger, collection, trim: (object) => object, mirror }, stopping.signal);
    await clock.advance(MINUTE);
    expect([clock.pendingTimers, transport.watches.some(({ open }) => open)]).to.deep.equal([0, false]);
  });

  it('calls back who waits for a version, at once if it was seen and once it is seen otherwise', async () => {
    const { clock, informer, last, stop } = start();
    await clock.advance(0);
    whole(last(), '9');
    await clock.advance(0);
    const seen: string[] = [];
    for (const version of ['9', '10'])
      informer.when(
        () => informer.hasSeen(version),
        () => seen.push(version),
      );
    expect(seen).to.deep.equal(['9']);
    last().send(bookmark('11'));
    await clock.advance(0);
    expect(seen).to.deep.equal(['9', '10']);
    await stop();
  });

  it('lets go of those who wait for a version that will not come: an etcd that was restored begins anew', async () => {
    const { clock, informer, last, stop } = start();
    await clock.advance(0);
    whole(last(), '900');
    await clock.advance(0);
    const gate = createGate(new Map([['configmaps', informer]]));
    gate.wrote('owner', ConfigMap, configMap('a', '1000'));
    let freed = 0;
    expect(gate.isFresh('owner', () => (freed += 1))).to.equal(false);
    last().send({ type: 'ERROR', error: ApiError.fromStatus(0, { code: 410, reason: 'Expired' }) });
    await clock.advance(MINUTE);
    whole(last(), '5');
    await clock.advance(0);
    expect([freed, gate.isFresh('owner', () => (freed += 1))]).to.deep.equal([1, true]);
    await stop();
  });
});
