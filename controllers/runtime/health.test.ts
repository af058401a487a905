import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { parse } from 'yaml';
import { fakeClock } from '../../test/doubles/clock.ts';
import { systemClock, type Clock } from './clock.ts';
import { STALL_MEMORY_MS, healthPart } from './health.ts';
import { silentLogger } from './log.ts';
import { runInOrder } from './manager.ts';

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly [{ readonly livenessProbe: { periodSeconds: number; failureThreshold: number } }] };
    };
  };
}

/** Serves probes on a free port of the loopback while the test asks. */
async function probing(
  clock: Clock,
  readiness: Record<string, () => string | undefined>,
  ask: (get: (path: string) => Promise<string>, port: number) => Promise<void>,
  stallMs?: number,
) {
  const stop = new AbortController();
  const part = healthPart({ clock, host: '127.0.0.1', port: 0, readiness, ...(stallMs === undefined ? {} : { stallMs }) });
  const ended = runInOrder([part], silentLogger, stop);
  await part.ready?.();
  const { port } = part.address();
  try {
    await ask(async (path) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return `${response.status} ${(await response.text()).trim()}`;
    }, port);
  } finally {
    stop.abort();
    await ended;
  }
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

  it('call the process dead when its event loop was held up, for as long as it takes a kubelet to be sure', async () => {
    const { livenessProbe } = (parse(readFileSync('config/manager/deployment.yaml', 'utf8')) as Deployment).spec.template.spec
      .containers[0];
    expect(STALL_MEMORY_MS / 1000).to.be.above(livenessProbe.periodSeconds * livenessProbe.failureThreshold);
    const clock = fakeClock();
    await probing(clock, {}, async (get) => {
      await clock.advance(11_000);
      expect(await get('/healthz')).to.equal('503 [-]eventLoop: stalled for 11 s');
      for (let ms = 0; ms < STALL_MEMORY_MS - 5_000; ms += 5_000) {
        await clock.advance(5_000);
        expect(await get('/healthz')).to.match(/^503/);
      }
      await clock.advance(6_000);
      expect(await get('/healthz')).to.equal('200 ok');
    });
  });

  it('see a stall although they can only be answered when it is over', async () => {
    const limitMs = 1_000;
    await probing(
      systemClock,
      {},
      async (get, port) => {
        expect(await get('/healthz'), 'before').to.equal('200 ok');
        const socket = connect(port, '127.0.0.1').setEncoding('utf8');
        await once(socket, 'connect');
        socket.write('GET /healthz HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n');
        for (const until = performance.now() + 1.5 * limitMs; performance.now() < until;);
        const [answer] = (await once(socket, 'data')) as [string];
        expect(answer, 'a probe that waited').to.match(/^HTTP\/1.1 503/);
        await pause(limitMs / 4);
        expect(await get('/healthz'), 'and the next').to.match(/^503 \[-\]eventLoop/);
      },
      limitMs,
    );
  });
});
