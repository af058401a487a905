import { expect } from 'chai';
import type { Write } from '../env/audit.ts';
import { difference, effectsOf, linesOf } from './canonical.ts';
import { createLanes } from './lanes.ts';
import { leapingClock } from './clock.ts';
import { lastOfEach } from './watches.ts';

const NAMES = { 'test-0a1b2c3d': 'here' };
const object = (kind: string, name: string, n: number, more: object = {}) => ({
  kind,
  metadata: { name, uid: `00000000-0000-0000-0000-00000000000${n}`, resourceVersion: String(n), ...more },
});
const write = (verb: string, code: number, name: string, more: Partial<Write> = {}): Write => ({
  verb,
  code,
  name,
  user: '',
  userAgent: '',
  group: '',
  resource: 'namespaces',
  subresource: '',
  namespace: '',
  uri: '',
  ...more,
});

describe('the end of a story', () => {
  const end = (hash: string, n: number) => {
    const owner = object('Grant', 'g', n, { namespace: 'test-0a1b2c3d', generation: n });
    return linesOf(
      [
        { ...owner, status: { namespace: `grant-g-${hash}`, at: `2030-01-0${n}T00:00:00Z`, observedGeneration: n } } as typeof owner,
        object('Namespace', `grant-g-${hash}`, n + 1, { labels: { owner: owner.metadata.uid } }),
      ],
      NAMES,
    );
  };

  it('reads the same whatever its names, uids, times and versions are', () => {
    expect(end('01234567', 1)).to.deep.equal(end('89abcdef', 4));
    expect(end('01234567', 1)).to.include.members([
      'Grant here/g: .status.namespace = "grant-g-#1"',
      'Grant here/g: .status.observedGeneration = true',
      'Namespace grant-g-#1: .metadata.labels.owner = "the uid of Grant here/g"',
    ]);
  });

  it('tells two hashed names from each other, and one more object from none', () => {
    const two = linesOf([object('Namespace', 'grant-g-01234567', 1), object('Namespace', 'grant-g-89abcdef', 2)], NAMES);
    expect(two).to.include.members(['Namespace grant-g-#1: .kind = "Namespace"', 'Namespace grant-g-#2: .kind = "Namespace"']);
    expect(difference(['a', 'a', 'b'], ['a', 'c'])).to.deep.equal(['- a', '- b', '+ c']);
  });
});

describe('what took effect', () => {
  it('is what was made and deleted, once each, and not what was refused, applied again or said in a status', () => {
    const writes = [
      write('create', 201, 'grant-g-01234567'),
      write('create', 409, 'grant-g-01234567'),
      write('patch', 200, 'grant-g-01234567'),
      write('patch', 201, 'q', { resource: 'resourcequotas', namespace: 'grant-g-01234567' }),
      write('patch', 200, 'g', { resource: 'grants', subresource: 'status' }),
      write('create', 201, 'e', { resource: 'events' }),
      write('patch', 200, 'v', { resource: 'persistentvolumes' }),
      write('delete', 200, 'grant-g-01234567'),
      write('delete', 200, 'grant-g-01234567'),
      write('create', 201, 'grant-g-89abcdef'),
      write('delete', 404, 'grant-g-89abcdef'),
    ];
    expect(effectsOf(writes, NAMES, ({ resource }) => resource === 'persistentvolumes')).to.deep.equal([
      'create namespaces grant-g-#1',
      'create namespaces grant-g-#2',
      'create resourcequotas grant-g-#1/q',
      'delete namespaces grant-g-#1',
      'patch persistentvolumes v',
    ]);
  });
});

describe('a bundle of events', () => {
  it('tells of each object what reading anew would have shown', () => {
    const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', n: number) => ({ type, object: object('', 'x', n) });
    const bookmark = { type: 'BOOKMARK', resourceVersion: '9', endsInitialEvents: false } as const;
    const told = [
      event('ADDED', 1),
      event('MODIFIED', 2),
      event('MODIFIED', 1),
      event('ADDED', 3),
      event('DELETED', 3),
      event('DELETED', 2),
    ];
    expect(lastOfEach([...told, bookmark])).to.deep.equal([event('ADDED', 1), event('DELETED', 2), bookmark]);
  });
});

describe('lanes', () => {
  it('let so many run at once, and who needs to be alone is', async () => {
    const lanes = createLanes(2);
    const running = new Set<string>();
    const seen: string[] = [];
    const task = (name: string) => async () => {
      running.add(name);
      seen.push([...running].join(''));
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(name);
    };
    await Promise.all([
      lanes.run(task('a')),
      lanes.run(task('b')),
      lanes.run(task('c')),
      lanes.run(task('d'), { alone: true }),
      lanes.run(task('e')),
    ]);
    expect(seen.map(({ length }) => length)).to.satisfy((counts: number[]) => Math.max(...counts) === 2);
    expect(seen).to.include('d').and.include('e');
  });
});

describe('a clock that leaps', () => {
  it('brings every moment nearer, and none that was called off', async () => {
    const clock = leapingClock();
    const rung: string[] = [];
    const before = clock.date().getTime();
    const soon = new Promise<void>((resolve) => void clock.timer(60_000, () => (rung.push('soon'), resolve())));
    clock.timer(60_000, () => rung.push('never'))[Symbol.dispose]();
    const later = clock.timer(120_000, () => rung.push('later'));
    clock.leap(60_000);
    await soon;
    later[Symbol.dispose]();
    expect(rung).to.deep.equal(['soon']);
    expect(clock.date().getTime() - before).to.be.at.least(60_000);
  });
});
