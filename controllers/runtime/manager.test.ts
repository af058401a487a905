import { expect } from 'chai';
import { silentLogger } from './log.ts';
import { runInOrder, type Part } from './manager.ts';

/** A part that writes down when it starts, when it is ready and when it stops. */
function part(name: string, diary: string[], ready?: Promise<void>): Part {
  return {
    name,
    async run(signal) {
      diary.push(`start ${name}`);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      await new Promise((resolve) => setImmediate(resolve));
      diary.push(`stopped ${name}`);
    },
    ...(ready === undefined ? {} : { ready: () => ready }),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the manager', () => {
  it('starts each part once the one before is ready, and stops them in the opposite order, each after the other', async () => {
    const diary: string[] = [];
    const synced = Promise.withResolvers<void>();
    const stop = new AbortController();
    const ended = runInOrder([part('probes', diary), part('caches', diary, synced.promise), part('workers', diary)], silentLogger, stop);
    await turn();
    expect(diary).to.deep.equal(['start probes', 'start caches']);
    synced.resolve();
    await turn();
    expect(diary.at(-1)).to.equal('start workers');
    stop.abort();
    await ended;
    expect(diary.slice(3)).to.deep.equal(['stopped workers', 'stopped caches', 'stopped probes']);
  });

  it('can be stopped while a part is still getting ready', async () => {
    const diary: string[] = [];
    const stop = new AbortController();
    const ended = runInOrder([part('caches', diary, new Promise(() => {})), part('workers', diary)], silentLogger, stop);
    await turn();
    stop.abort();
    await ended;
    expect(diary).to.deep.equal(['start caches', 'stopped caches']);
  });

  const failing: { name: string; run: Part['run']; want: RegExp }[] = [
    { name: 'fails', run: () => Promise.reject(new Error('port taken')), want: /port taken/ },
    { name: 'ends by itself', run: () => Promise.resolve(), want: /bad ended by itself/ },
  ];
  for (const { name, run, want } of failing) {
    it(`stops everything and says why when a part ${name}`, async () => {
      const diary: string[] = [];
      const stopping = new AbortController();
      // Readiness looks at this: a replica that is about to end must not be called while it finishes what it is at.
      stopping.signal.addEventListener('abort', () => diary.push('stopping'));
      const error: unknown = await runInOrder([part('good', diary), { name: 'bad', run }], silentLogger, stopping).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.be.instanceOf(Error).with.property('message').that.matches(want);
      expect(diary).to.deep.equal(['start good', 'stopping', 'stopped good']);
    });
  }
});
