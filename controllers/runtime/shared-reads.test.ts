import { expect } from 'chai';
import { sharedReads } from './shared-reads.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('shared reads', () => {
  const world = () => {
    const started: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
    const shared = sharedReads<number>();
    const ask = (key = 'a') => shared(key, () => new Promise((resolve, reject) => started.push({ resolve, reject })));
    return { started, ask };
  };

  it('are one at a time, and all who ask meanwhile share the next, never the present one', async () => {
    const { started, ask } = world();
    const first = ask();
    const others = Array.from({ length: 100 }, () => ask());
    await turn();
    expect(started).to.have.length(1);
    started[0]?.resolve(1);
    expect(await first).to.equal(1);
    await turn();
    expect(started).to.have.length(2);
    const late = ask();
    started[1]?.resolve(2);
    expect(new Set(await Promise.all(others))).to.deep.equal(new Set([2]));
    await turn();
    started[2]?.resolve(3);
    expect(await late).to.equal(3);
    await turn();
    void ask();
    expect(started).to.have.length(4);
  });

  it('that fail, fail those who share them, and nobody after', async () => {
    const { started, ask } = world();
    const first = ask().catch(() => 'failed');
    const second = ask();
    started[0]?.reject(new Error('no'));
    expect(await first).to.equal('failed');
    await turn();
    started[1]?.resolve(2);
    expect(await second).to.equal(2);
  });

  it('of different things do not wait for each other', () => {
    const { started, ask } = world();
    void ask('a');
    void ask('b');
    expect(started).to.have.length(2);
  });
});
