import { expect } from 'chai';
import { giveTurn, hurry } from './turns.ts';

/** Keeps the event loop, as work that waits for nothing does. */
function burn(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('taking turns', () => {
  it('lets a timer ring in the middle of work that waits for nothing, however many work', async () => {
    let rang = 0;
    const timer = setInterval(() => (rang += 1), 1);
    const work = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        burn(1);
        await giveTurn();
      }
    };
    await Promise.all([work(), work(), work(), work()]);
    clearInterval(timer);
    // 80 ms of work in slices of 8 ms.
    expect(rang).to.be.greaterThan(4);
  });

  it('costs no turn while there was one just now', async () => {
    burn(10);
    await giveTurn();
    expect(giveTurn()).to.equal(undefined);
  });

  it('comes sooner for as long as somebody waits for an answer', async () => {
    /** Whether it is after 2 ms; where something else had the processor for longer, it would be due to everybody. */
    const isDue = async (): Promise<boolean> => {
      for (;;) {
        burn(10);
        await giveTurn();
        const since = performance.now();
        burn(2);
        const turn = giveTurn();
        const took = performance.now() - since;
        await turn;
        if (took < 6) return turn !== undefined;
      }
    };
    expect(await isDue()).to.equal(false);
    {
      using _ = hurry();
      hurry()[Symbol.dispose]();
      expect(await isDue()).to.equal(true);
    }
    expect(await isDue()).to.equal(false);
  });
});
