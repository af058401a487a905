import { expect } from 'chai';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { buildGrant } from '../../test/build.ts';
import type { Reader } from '../runtime/caches.ts';
import { silentLogger } from '../runtime/log.ts';
import type { Facts } from './facts.ts';
import { effectiveHard } from './hard.ts';
import { capacityStep } from './steps.ts';

const SETTINGS = { grantNamespaces: ['keystone-system'], capacityReserve: 0 };
const local = { metadata: { name: 'local', uid: 'l', resourceVersion: '1' }, status: { realm: 'alice-home', allocatable: { cpu: '8' } } };

const SECONDS: Readonly<Record<string, number>> = { c: 0, a: 1, b: 2 };
const grant = (uid: string, cpu: string, more: Partial<Grant> = {}): Grant =>
  buildGrant(
    { hard: { 'requests.cpu': cpu }, ...more.spec },
    { name: uid, uid, creationTimestamp: `2030-01-01T00:00:0${SECONDS[uid]}Z` },
    more.status,
  );
const lent = (cpu: string): NonNullable<Grant['status']> => ({
  epoch: 1,
  namespace: 'grant-x',
  hard: effectiveHard({ 'requests.cpu': cpu }),
});

/** Asks one operator about one Grant among these; tells whether it may go on. */
function operator(live: readonly Grant[] = []) {
  const step = capacityStep(SETTINGS);
  return async (object: Grant, among: readonly Grant[]): Promise<string> => {
    const facts: Facts = { realm: 'alice-home' };
    const held = (name: string): unknown => among.find(({ metadata }) => metadata.name === name) ?? local;
    const cache = {
      get: (_: unknown, { name }: { name: string }) => held(name),
      list: () => among,
      ownedBy: () => [],
    } as unknown as Reader;
    const client = { list: async () => live } as never;
    const now = new Date('2030-06-01T00:00:00Z');
    const outcome = await step({ object, facts, cache, client, now, log: silentLogger, signal: new AbortController().signal });
    if (facts.promised !== undefined) return 'promised';
    return outcome?.kind === 'wait' ? outcome.reason : 'goes on';
  };
}

describe('what an operator remembers of its own promises', () => {
  it('counts until the cache shows it, so that two passes that overlap do not lend the same room', async () => {
    const ask = operator();
    const [a, b] = [grant('a', '5'), grant('b', '5')];
    expect(await ask(a, [a, b])).to.equal('goes on');
    expect(await ask(b, [a, b])).to.equal('InsufficientCapacity');
    const stale = grant('c', '5');
    expect(await ask(stale, [a, b, stale]), 'an older one that is seen late').to.equal('InsufficientCapacity');
  });

  it('is no more than what was judged: a Grant that grows meanwhile holds nothing for the rest', async () => {
    const ask = operator();
    const [a, b] = [grant('a', '5'), grant('b', '1')];
    await ask(a, [a, b]);
    const grown = grant('a', '100');
    expect(await ask(grown, [grown, b])).to.equal('InsufficientCapacity');
    expect(await ask(b, [grown, b])).to.equal('goes on');
  });

  it('ends with the Grant: one that comes back stands behind the older that waits', async () => {
    const ask = operator();
    const [older, newer] = [grant('a', '5'), grant('b', '5')];
    expect(await ask(newer, [newer])).to.equal('goes on');
    const revoked = { ...newer, spec: { ...newer.spec, revoked: true } };
    await ask(older, [older, revoked]);
    expect(await operator()(newer, [older, newer]), 'a fresh operator says so too').to.equal('InsufficientCapacity');
    expect(await ask(newer, [older, newer])).to.equal('InsufficientCapacity');
  });

  it('holds nothing for what was wanted and is wanted no more', async () => {
    const ask = operator();
    const wants = grant('a', '7', { status: lent('1') });
    expect(await ask(wants, [wants])).to.equal('promised');
    const content = grant('a', '1', { status: lent('1') });
    const other = grant('b', '5');
    expect(await ask(other, [content, other])).to.equal('goes on');
  });

  it('is nobody’s whose time has not come', async () => {
    const ask = operator();
    const future = grant('a', '5');
    const later = { ...future, spec: { ...future.spec, validity: { validFrom: '2099-01-01T00:00:00Z' } } };
    const now = grant('b', '5');
    expect(await ask(now, [later, now])).to.equal('goes on');
  });

  it('is written down before more is lent, and not asked for again once it is', async () => {
    const ask = operator();
    const small = grant('a', '5', { status: lent('1') });
    expect(await ask(small, [small])).to.equal('promised');
    const shown = grant('a', '5', { status: lent('5') });
    expect(await ask(shown, [shown])).to.equal('goes on');
  });
});

describe('what the operator before this one has promised', () => {
  const at = (resourceVersion: string, of: Grant): Grant => ({ ...of, metadata: { ...of.metadata, resourceVersion } });

  it('counts before the cache shows it: nothing is promised on an old world', async () => {
    const [older, newer] = [grant('a', '5'), grant('b', '5')];
    const live = [at('7', { ...older, status: lent('5') }), at('3', newer)];
    const ask = operator(live);
    const refused = await ask(at('3', newer), [at('2', older), at('3', newer)]).catch((error: unknown) => error);
    expect(refused).to.include({ code: 409, reason: 'CacheBehind' });
    expect(await ask(at('3', newer), live), 'once it does').to.equal('InsufficientCapacity');
  });

  it('is asked for once: whoever wants nothing new needs no answer', async () => {
    const settled = grant('a', '5', { status: lent('5') });
    const ask = operator([at('9', settled)]);
    expect(await ask(at('2', settled), [at('2', settled)])).to.equal('goes on');
  });
});
