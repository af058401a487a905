import { expect } from 'chai';
import { fakeClock } from '../../test/doubles/clock.ts';
import { scriptedTransport } from '../../test/doubles/transport.ts';
import { createGatekeeper } from './authorization.ts';
import type { ApiRequest } from './transport.ts';

const GOOD = 'good';

/** An API server that knows one token, and answers when it is let. */
function asking() {
  const clock = fakeClock();
  const held: (() => void)[] = [];
  let holds = false;
  const script = scriptedTransport({
    answer: ({ path, body }) =>
      path.includes('tokenreviews')
        ? { status: { authenticated: JSON.stringify(body).includes(`"${GOOD}"`), user: { username: 'prometheus' } } }
        : { status: { allowed: true } },
  });
  const transport = {
    ...script,
    async request(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
      const answer = await script.request(request);
      if (!holds) return answer;
      return new Promise((resolve, reject) => {
        held.push(() => resolve(answer));
        signal?.addEventListener('abort', () => reject(new Error('cut off')), { once: true });
      });
    },
  };
  const permitted = createGatekeeper(transport, clock);
  return {
    clock,
    ask: (token: string) => permitted(token, '/metrics').catch(() => 'unanswered'),
    asked: () => script.requests.length,
    hold: () => (holds = true),
    release: () => ((holds = false), held.splice(0).forEach((answer) => answer())),
  };
}

describe('a gatekeeper', () => {
  it('asks once for what it was told, and again after a minute', async () => {
    const { clock, ask, asked } = asking();
    expect([await ask(GOOD), await ask(GOOD), asked()]).to.deep.equal(['allowed', 'allowed', 2]);
    await clock.advance(61_000);
    expect([await ask(GOOD), asked()]).to.deep.equal(['allowed', 4]);
  });

  it('asks no more than a few questions at once, and the same one once, whoever comes', async () => {
    const { clock, ask, asked, hold, release } = asking();
    hold();
    const crowd = [...Array.from({ length: 3 }, () => ask('stranger')), ...Array.from({ length: 200 }, (_, i) => ask(`stranger-${i}`))];
    await clock.advance(0);
    expect(asked()).to.be.within(1, 4);
    release();
    const answers = await Promise.all(crowd);
    expect(answers.slice(0, 3)).to.deep.equal(['unknown', 'unknown', 'unknown']);
    expect(answers).to.include('busy').and.not.include('allowed');
    expect(await ask(GOOD), 'and goes on afterwards').to.equal('allowed');
  });

  it('does not forget whom it let in because of those whom it did not', async () => {
    const { ask, asked } = asking();
    await ask(GOOD);
    for (let i = 0; i < 200; i++) await ask(`stranger-${i}`);
    const before = asked();
    expect([await ask(GOOD), asked() - before]).to.deep.equal(['allowed', 0]);
  });

  it('waits for no answer for ever', async () => {
    const { clock, ask, hold } = asking();
    hold();
    const unanswered = Promise.all(Array.from({ length: 4 }, (_, i) => ask(`stranger-${i}`)));
    await clock.advance(11_000);
    expect(await unanswered).to.deep.equal(['unanswered', 'unanswered', 'unanswered', 'unanswered']);
    expect(clock.pendingTimers).to.equal(0);
  });
});
