import { expect } from 'chai';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { fakeClock, type FakeClock } from '../../test/doubles/clock.ts';
import { eventually } from '../../test/env/eventually.ts';
import { ApiError } from './errors.ts';
import { connect, type Transport } from './transport.ts';

const EVENT = `${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: '1' } } })}\n`;

/** A real HTTP server on the loopback in place of an API server: what matters here are sockets. */
async function serving(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  test: (transport: Transport, server: Server, clock: FakeClock) => Promise<void>,
  user: object = {},
): Promise<void> {
  const server = createServer({ keepAliveTimeout: 60_000 }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server: `http://127.0.0.1:${port}/behind/a/proxy`, skipTLSVerify: true }],
    users: [{ name: 'u', ...user }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  const clock = fakeClock();
  const transport = connect(config, { clock, userAgent: 'keystone-operator/test' });
  try {
    await test(transport, server, clock);
  } finally {
    await transport.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const connectionsOf = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))));
const openFiles = (): number => readdirSync('/proc/self/fd').length;

async function drain(transport: Transport): Promise<number> {
  let events = 0;
  for await (const batch of transport.watch({ method: 'GET', path: '/watch' }, new AbortController().signal)) events += batch.length;
  return events;
}

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no error',
    (error: unknown) => error,
  );

interface Busy {
  readonly transport: Transport;
  /** The paths that were asked for so far. */
  readonly seen: readonly string[];
  /** What waits for an answer of the test. */
  readonly waiting: ServerResponse[];
  readonly busy: readonly Promise<unknown>[];
}

/** A transport all of whose connections for calls wait for an answer. */
async function withAllBusy(test: (busy: Busy) => Promise<void>): Promise<void> {
  const seen: string[] = [];
  const waiting: ServerResponse[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    seen.push(request.url ?? '');
    waiting.push(response);
  };
  await serving(answer, async (transport) => {
    const busy = Array.from({ length: 16 }, () => transport.request({ method: 'PUT', path: '/busy', body: {} }));
    await eventually(() => expect(seen).to.have.length(16), { everyMs: 1 });
    await test({ transport, seen, waiting, busy });
  });
}

describe('a transport', () => {
  it('uses one small pool: 1,000 watches and 1,000 calls later, sockets and file descriptors are where they were (checklist 31)', async () => {
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      response.end(request.url?.includes('watch') === true ? EVENT : '{}');
    await serving(answer, async (transport, server) => {
      const round = async (): Promise<void> => {
        for (let i = 0; i < 50; i++) {
          const calls = Array.from({ length: 10 }, () => transport.request({ method: 'GET', path: '/call' }));
          await Promise.all([...calls, ...Array.from({ length: 10 }, () => drain(transport))]);
        }
      };
      await round();
      const before = [await connectionsOf(server), openFiles()] as const;
      await round();
      const after = [await connectionsOf(server), openFiles()] as const;
      expect(after[0], 'calls are capped at 16, ten watches at once hold ten and leave as many behind for a minute').to.be.at.most(16 + 20);
      expect(after[0], 'sockets').to.be.at.most(before[0]);
      expect(after[1], 'file descriptors').to.be.at.most(before[1]);
    });
  });

  it('asks once more at the moment of sending: what waited for a connection may not be sent any more', async () => {
    await withAllBusy(async ({ transport, seen, waiting, busy }) => {
      let permitted = true;
      const permit = (): void => {
        if (!permitted) throw new ApiError(0, 'NotLeader', 'no');
      };
      const late = [1, 2].map(() => failure(transport.request({ method: 'PUT', path: '/late', body: {}, permit })));
      waiting.shift()?.end('{}');
      await eventually(() => expect(seen).to.have.length(17), { everyMs: 1 });
      permitted = false;
      for (const response of waiting) response.end('{}');
      await Promise.all([...busy, ...late]);
      expect(await late[0]).to.equal('no error');
      expect(await late[1])
        .to.be.instanceOf(ApiError)
        .with.property('reason', 'NotLeader');
      permitted = true;
      const next = transport.request({ method: 'PUT', path: '/next', body: {}, permit });
      await eventually(() => expect(seen).to.include('/behind/a/proxy/next'), { everyMs: 1 });
      waiting.at(-1)?.end('{}');
      await next;
      expect(seen.filter((path) => path.includes('late'))).to.have.length(1);
    });
  });

  it('lets nobody wait longer than his signal says, for a connection least of all', async () => {
    await withAllBusy(async ({ transport, seen, waiting, busy }) => {
      const patience = new AbortController();
      const late = failure(transport.request({ method: 'PUT', path: '/late', body: {} }, patience.signal));
      patience.abort(new ApiError(0, 'Late', 'no more'));
      expect(await late).to.include({ reason: 'Late' });
      for (const response of waiting) response.end('{}');
      await Promise.all(busy);
      const last = transport.request({ method: 'GET', path: '/last' });
      await eventually(() => expect(seen).to.include('/behind/a/proxy/last'), { everyMs: 1 });
      waiting.at(-1)?.end('{}');
      await last;
      expect(
        seen.filter((path) => path.includes('late')),
        'nor is it sent later',
      ).to.deep.equal([]);
    });
  });

  it('lets nobody wait for credentials longer than his signal says', async () => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'c', server: 'http://127.0.0.1:1', skipTLSVerify: true }, { name: 'u' });
    // A plug-in that never says anything.
    config.applyToHTTPSOptions = () => new Promise(() => undefined);
    const transport = connect(config, { clock: fakeClock(), userAgent: 'test' });
    const patience = new AbortController();
    const late = failure(transport.request({ method: 'GET', path: '/' }, patience.signal));
    patience.abort(new ApiError(0, 'Late', 'no more'));
    const soon = new Promise((resolve) => setImmediate(resolve, 'nothing yet'));
    expect(await Promise.race([late, soon])).to.include({ reason: 'Late' });
  });

  it('gives back the socket of a watch that was given up', async () => {
    const answer = (_: IncomingMessage, response: ServerResponse) => response.write(EVENT);
    await serving(answer, async (transport, server) => {
      for (let i = 0; i < 50; i++) {
        const stop = new AbortController();
        const watching = (async () => {
          for await (const batch of transport.watch({ method: 'GET', path: '/w' }, stop.signal)) if (batch.length > 0) stop.abort();
        })();
        expect(await failure(watching)).to.be.instanceOf(ApiError);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await connectionsOf(server)).to.be.at.most(1);
    });
  });

  it('asks under the path of the cluster, says who it is, and leaves out what was not given', async () => {
    const seen: string[] = [];
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      seen.push(`${request.method} ${request.url} ${request.headers['user-agent']}`);
      response.end('{}');
    };
    await serving(answer, async (transport) => {
      await transport.request({ method: 'GET', path: '/api', query: { a: 'x y', b: undefined, c: true } });
      expect(seen).to.deep.equal(['GET /behind/a/proxy/api?a=x+y&c=true keystone-operator/test']);
    });
  });

  const answers: { name: string; status: number; headers?: Record<string, string>; body: string; want: object }[] = [
    {
      name: 'a Status',
      status: 409,
      body: '{"kind":"Status","reason":"AlreadyExists","message":"it exists"}',
      want: { code: 409, reason: 'AlreadyExists', message: 'it exists' },
    },
    {
      name: 'an error page of something in between',
      status: 502,
      body: '<html>\n<b>bad gateway</b>',
      want: { code: 502, reason: '502', message: '<html> <b>bad gateway</b>' },
    },
    {
      name: 'a Retry-After',
      status: 429,
      headers: { 'retry-after': '7' },
      body: '{"reason":"TooManyRequests"}',
      want: { code: 429, retryAfterMs: 7000 },
    },
    { name: 'nothing', status: 500, body: '', want: { code: 500, message: 'The API server answered 500' } },
  ];
  for (const { name, status, headers = {}, body, want } of answers) {
    it(`turns ${name} into one shape of error`, async () => {
      const answer = (_: IncomingMessage, response: ServerResponse) => response.writeHead(status, headers).end(body);
      await serving(answer, async (transport) => {
        expect(await failure(transport.request({ method: 'GET', path: '/' }))).to.include(want);
      });
    });
  }

  it('says code 0 when nobody answers', async () => {
    await serving(
      (_, response) => response.destroy(),
      async (transport) => {
        expect(await failure(transport.request({ method: 'GET', path: '/' })))
          .to.be.instanceOf(ApiError)
          .with.property('code', 0);
      },
    );
  });

  it('reads a rotated token within a minute, and at once after it was refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'token-'));
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'first');
    let accepted = 'first';
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      response.writeHead(request.headers.authorization === `Bearer ${accepted}` ? 200 : 401).end('{}');
    const user = { authProvider: { name: 'tokenFile', config: { tokenFile } } };
    try {
      await serving(
        answer,
        async (transport) => {
          await transport.request({ method: 'GET', path: '/' });
          accepted = 'second';
          writeFileSync(tokenFile, 'second\n');
          expect(await failure(transport.request({ method: 'GET', path: '/' }))).to.have.property('code', 401);
          await transport.request({ method: 'GET', path: '/' });
        },
        user,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
