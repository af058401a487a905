import { expect } from 'chai';
import { fakeClock } from '../../test/doubles/clock.ts';
import { healthPart } from './health.ts';
import { silentLogger } from './log.ts';
import { runInOrder } from './manager.ts';

/** Serves probes on a free port of the loopback while the test asks. */
async function probing(
  clock: ReturnType<typeof fakeClock>,
  readiness: Record<string, () => string | undefined>,
  ask: (get: (path: string) => Promise<string>) => Promise<void>,
) {
  const stop = new AbortController();
  const part = healthPart({ clock, host: '127.0.0.1', port: 0, readiness });
  const ended = runInOrder([part], silentLogger, stop.signal);
  await part.ready?.();
  const { port } = part.address();
  await ask(async (path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return `${response.status} ${(await response.text()).trim()}`;
  });
  stop.abort();
  await ended;
}

describe('probes', () => {
  it('say ok, or which check fails and why', async () => {
    let fault: string | undefined = 'not read yet: grants.keystone.io';
    await probing(fakeClock(), { caches: () => fault, shutdown: () => undefined }, async (get) => {
      expect(await get('/readyz')).to.equal('503 [-]caches: not read yet: grants.keystone.io');
      expect(await get('/healthz'), 'alive all the same').to.equal('200 ok');
      fault = undefined;
      expect(await get('/readyz')).to.equal('200 ok');
      expect(await get('/metrics')).to.match(/^404/);
    });
  });

  it('call the process dead when its event loop was held up', async () => {
    const clock = fakeClock();
    await probing(clock, {}, async (get) => {
      await clock.advance(11_000);
      expect(await get('/healthz')).to.equal('503 [-]eventLoop: stalled for 11 s');
    });
  });
});
