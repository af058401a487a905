import { expect } from 'chai';
import { ConfigMap } from '../../api/meta/builtin.ts';
import { parcel, standBy, start, type Before, type Pass } from '../../test/doubles/controller.ts';
import { event } from '../../test/doubles/transport.ts';
import type { Parcel } from '../../test/parcel/parcel.ts';
import { byOwnerLabel, mapTo } from './definition.ts';
import { ApiError, TerminalError } from './errors.ts';
import { scrape } from './metrics.ts';
import { type Predicate } from './predicates.ts';
import type { ApiRequest } from './transport.ts';

const statusWrites = (writes: readonly ApiRequest[]) => writes.filter(({ path }) => path.endsWith('/status'));
const reasonsIn = ({ body }: ApiRequest): string =>
  JSON.stringify(body)
    .match(/"type":"[A-Za-z]+"|"reason":"[A-Za-z]+"/g)
    ?.join(' ') ?? '';

describe('a controller', () => {
  it('lets a live edit go before what it found at the start', async () => {
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    const bench = await start(
      async ({ object }) => {
        seen.push(`${object.metadata.name} ${object.spec.text}`);
        if (seen.length === 1) await gate.promise;
      },
      [parcel('a', '1'), parcel('b', '1'), parcel('c', '1')],
    );
    bench.live(parcel('c', '1001', {}, 'edited'));
    await bench.clock.advance(0);
    gate.resolve();
    await bench.clock.advance(1000);
    expect(seen.slice(0, 3)).to.deep.equal(['a one', 'c edited', 'b one']);
    await bench.end();
  });

  it('lets a live edit go first that had to wait for the copies, as what was found at the start did already', async () => {
    const metadata = { name: 'child', namespace: 'ns', uid: 'child', resourceVersion: '1001' };
    const seen: string[] = [];
    const busy = Promise.withResolvers<void>();
    const pass: Pass = async ({ object, cache, client }) => {
      const { name } = object.metadata;
      seen.push(`${name} ${object.spec.text}`);
      if (object.spec.text === 'busy') await busy.promise;
      if (object.spec.text !== 'one' || name === 'b') return;
      const child = name === 'a' ? cache.get(ConfigMap, metadata) : undefined;
      if (child !== undefined) await client.delete(ConfigMap, child);
      throw new ApiError(429, 'TooManyRequests', 'later', { retryAfterMs: name === 'a' ? 1_000 : 1_200 });
    };
    const initial = ['a', 'b', 'c'].map((name) => parcel(name, '1'));
    const bench = await start(pass, initial, { watches: [mapTo(ConfigMap, () => [])] });
    bench.beside('ADDED', { metadata });
    // By then a child was deleted and its owner waits until the copy says so, too.
    await bench.clock.advance(2_100);
    bench.live(parcel('a', '1002', {}, 'edited'));
    await bench.clock.advance(100);
    bench.live(parcel('b', '1003', {}, 'busy'));
    await bench.clock.advance(300);
    bench.beside('MODIFIED', { metadata: { ...metadata, resourceVersion: '1004', deletionTimestamp: '2030-01-01T00:00:02Z' } });
    await bench.clock.advance(0);
    busy.resolve();
    await bench.clock.advance(500);
    expect(seen).to.deep.equal(['a one', 'b one', 'c one', 'a one', 'c one', 'b busy', 'a edited', 'c one']);
    await bench.end();
  });

  it('waits as long as the API server asks, and no time passes for others', async () => {
    const times: number[] = [];
    const bench = await start(
      async ({ object, now }) => {
        if (object.metadata.name !== 'a') return;
        times.push(now.getTime());
        if (times.length === 1) throw new ApiError(429, 'TooManyRequests', 'try later', { retryAfterMs: 5000 });
      },
      [parcel('a', '1'), parcel('b', '1')],
    );
    await bench.clock.advance(4900);
    expect(times, 'not before').to.have.length(1);
    await bench.clock.advance(200);
    expect(times).to.have.length(2);
    await bench.end();
  });

  it('ends a pass that takes too long, and says so in the status', async () => {
    const bench = await start(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut off')))),
      [parcel('a', '1')],
    );
    await bench.clock.advance(59_000);
    expect(bench.writes()).to.deep.equal([]);
    await bench.clock.advance(2000);
    const [write] = statusWrites(bench.writes());
    expect(JSON.stringify(write?.body)).to.include('Nothing may take longer than 60 s').and.include('ReconcileError');
    await bench.end();
  });

  it('gives a pass in flight twenty seconds when it is asked to stop', async () => {
    let cut = false;
    const bench = await start(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => ((cut = true), reject(new Error('cut off'))))),
      [parcel('a', '1')],
    );
    bench.stopping();
    await bench.clock.advance(19_000);
    expect(cut).to.equal(false);
    await bench.clock.advance(2000);
    expect(cut).to.equal(true);
    await bench.end();
    expect(bench.writes(), 'nor does it say anything about the object').to.deep.equal([]);
    expect(await scrape(bench.metrics), 'a stop is no slip in the code').to.include('panics_total{controller="parcel"} 0\n');
  });

  it('is not held up at its stop by a status that nobody answers', async () => {
    const never: Before = ({ path }, signal) => {
      if (!path.endsWith('/status')) return undefined;
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(ApiError.from(signal.reason))));
    };
    const bench = await start(async () => {}, [parcel('a', '1')], {}, never);
    await bench.clock.advance(1_000);
    expect(statusWrites(bench.writes())).to.have.length(1);
    // Else this never ends.
    await bench.end();
  });

  it('looks again when a status says what it has not written, and not at its own words', async () => {
    let passes = 0;
    const bench = await start(async () => void (passes += 1), [parcel('a', '1', { finalizers: [] })]);
    await bench.clock.advance(0);
    const [written] = statusWrites(bench.writes());
    const said = written?.body as Pick<Required<Parcel>, 'status'> | undefined;
    const echo = { ...parcel('a', '2', { generation: 1 }), ...(said && { status: said.status }) };
    bench.live(echo);
    await bench.clock.advance(1_000);
    expect(passes, 'its own words come back').to.equal(1);
    bench.live({ ...echo, metadata: { ...echo.metadata, resourceVersion: '3', labels: { a: 'b' } } });
    await bench.clock.advance(1_000);
    expect(passes, 'another says something that is no status').to.equal(1);
    bench.live(parcel('a', '4', { generation: 1 }));
    await bench.clock.advance(1_000);
    expect(passes, 'another has overwritten it').to.equal(2);
    expect(statusWrites(bench.writes()).map(reasonsIn)).to.deep.equal(Array(2).fill('"type":"Ready" "reason":"Kept"'));
    await bench.end();
  });

  it('looks seldom at what is in no hurry, and at once at what is', async () => {
    const times: number[] = [];
    const isIdle: Predicate<ConfigMap> = (previous, next) => previous.data?.['urgent'] === next.data?.['urgent'];
    const pass: Pass = async ({ now }) => void times.push(now.getTime());
    const bench = await start(pass, [parcel('a', '1')], { owns: [byOwnerLabel(ConfigMap, { calm: { ms: 2_000, of: isIdle } })] });
    const [began = 0] = times;
    const metadata = { name: 'child', namespace: 'ns', uid: 'child', labels: { 'keystone.io/owner-uid': 'uid-a' } };
    const tell = async (type: 'ADDED' | 'MODIFIED', version: number, data: Record<string, string>) => {
      bench.beside(type, { metadata: { ...metadata, resourceVersion: `${version}` }, data } as ConfigMap);
      await bench.clock.advance(100);
    };
    await bench.clock.advance(3_000);
    await tell('ADDED', 1001, {});
    for (let version = 1002; version < 1052; version++) await tell('MODIFIED', version, { used: `${version}` });
    await tell('MODIFIED', 1052, { used: '1051', urgent: 'yes' });
    await bench.clock.advance(3_000);
    expect(times.map((at) => at - began)).to.deep.equal([0, 3_000, 5_000, 7_000, 8_100]);
    await bench.end();
  });

  it('remembers nothing of what came and went while another leads', async () => {
    const { clock, watch, worker, end } = await standBy([parcel('a', '1')]);
    for (let i = 0; i < 100; i++) {
      const passing = parcel(`passing-${i}`, String(2 * i + 1001));
      const gone = parcel(`passing-${i}`, String(2 * i + 1002));
      watch?.send(event('ADDED', passing), event('DELETED', gone));
    }
    await clock.advance(10_000);
    expect(worker.backlog).to.equal(1);
    await end();
  });

  it('that stands by has no work that waits, and what waited meanwhile has waited since the work began', async () => {
    const { clock, metrics, worker, end } = await standBy(Array.from({ length: 101 }, (_, i) => parcel(`p${i}`, '1')));
    const line = async (name: string) => (await scrape(metrics)).split('\n').filter((text) => text.startsWith(name));
    await clock.advance(7 * 24 * 3_600_000);
    expect((await line('workqueue_depth{')).map((text) => text.split(' ')[1])).to.deep.equal(['0', '0']);
    const stop = new AbortController();
    const working = worker.run(stop.signal);
    await clock.advance(0);
    const [sum] = await line('workqueue_queue_duration_seconds_sum{');
    expect(Number(sum?.split(' ')[1])).to.be.below(1);
    stop.abort();
    await clock.advance(30_000);
    await working;
    await end();
  });

  it('tells nobody of a lost race', async () => {
    let lost = 3;
    const bench = await start(async () => {
      if (lost-- > 0) throw new ApiError(409, 'Conflict', 'the object has been modified');
    }, [parcel('a', '1')]);
    await bench.clock.advance(5000);
    expect(statusWrites(bench.writes()).map(reasonsIn), 'the first word is that all is well').to.deep.equal([
      '"type":"Ready" "reason":"Kept"',
    ]);
    await bench.end();
  });

  const unwritten = [
    { name: 'is lost', error: () => new ApiError(0, 'ECONNRESET', 'The connection broke') },
    { name: 'is too much', error: () => new ApiError(429, 'TooManyRequests', 'try later') },
    { name: 'comes from an old copy', error: () => new ApiError(409, 'Conflict', 'the object has been modified') },
  ];
  for (const { name, error } of unwritten)
    it(`says what only a human can mend, also where the first word of it ${name}`, async () => {
      let refusals = 3;
      let passes = 0;
      const refuse = ({ path }: ApiRequest): void => {
        if (path.endsWith('/status') && refusals-- > 0) throw error();
      };
      const bench = await start(
        async () => {
          passes += 1;
          throw new TerminalError('OnPurpose', 'A human has to help');
        },
        [parcel('a', '1')],
        {},
        refuse,
      );
      await bench.clock.advance(5000);
      expect(statusWrites(bench.writes()).map(reasonsIn).at(-1)).to.include('"type":"Stalled" "reason":"OnPurpose"');
      expect(passes, 'and gives up once it is said').to.equal(4);
      await bench.clock.advance(120_000);
      expect(passes).to.equal(4);
      await bench.end();
    });

  it('says Stalled when only a human can end the ending, and tries again all the same', async () => {
    let tries = 0;
    const leaving = parcel('a', '1', { deletionTimestamp: '2030-01-01T00:00:00Z', finalizers: ['test.keystone.io/parcel'] });
    const ending = async () => {
      tries += 1;
      throw new TerminalError('OnPurpose', 'A human has to help');
    };
    const bench = await start(async () => undefined, [leaving], { ending: [ending] });
    await bench.clock.advance(0);
    expect(statusWrites(bench.writes()).map(reasonsIn)[0])
      .to.include('"type":"Stalled" "reason":"OnPurpose"')
      .and.not.include('Reconciling');
    await bench.clock.advance(61_000);
    expect(tries).to.equal(2);
    await bench.end();
  });

  it('names the very object in every write: a status and a finalizer never reach one that was made anew', async () => {
    const bench = await start(async () => undefined, [parcel('a', '1')], { ending: [async () => undefined] });
    const withFinalizer = parcel('a', '1001', { finalizers: ['test.keystone.io/parcel'] });
    bench.live(withFinalizer);
    await bench.clock.advance(1000);
    const [finalizer] = bench.writes();
    expect(finalizer?.body).to.have.nested.property('metadata').that.includes({ uid: 'uid-a', resourceVersion: '1' });
    const [status] = statusWrites(bench.writes());
    expect(status?.body, 'the API server does not look at the uid here').to.have.nested.property('metadata.resourceVersion', '1001');
    await bench.end();
  });

  it('says in the status that it is not permitted to set its finalizer, since nobody reads the log first', async () => {
    const forbid = (request: ApiRequest): void => {
      if (JSON.stringify(request.body).includes('finalizers')) throw new ApiError(403, 'Forbidden', 'parcels is forbidden');
    };
    const bench = await start(async () => undefined, [parcel('a', '1')], { ending: [async () => undefined] }, forbid);
    await bench.clock.advance(0);
    expect(statusWrites(bench.writes()).map(reasonsIn)[0]).to.include('"reason":"ReconcileError"');
    await bench.end();
  });

  it('hands out objects that nobody can change by mistake', async () => {
    let error: unknown;
    const bench = await start(
      async ({ object }) => {
        try {
          Object.assign(object.spec, { text: 'changed' });
        } catch (thrown) {
          error = thrown;
        }
      },
      [parcel('a', '1')],
    );
    expect(error).to.be.instanceOf(TypeError);
    await bench.end();
  });
});
