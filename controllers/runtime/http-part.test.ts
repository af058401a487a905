import { createServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { eventually } from '../../test/env/eventually.ts';
import { issueAuthority, issueServer } from './certificates.ts';
import { httpPart } from './http-part.ts';

const validity = { from: new Date(Date.now() - 60_000), until: new Date(Date.now() + 3_600_000) };
const identity = issueServer({ name: 'test', ...issueAuthority('test', validity) }, ['localhost'], validity);

/** Brings up a server that never answers, connects in some way, and stops it. */
async function stopWhile(connecting: (port: number) => Promise<Socket>): Promise<void> {
  const server = createServer(identity);
  const part = httpPart(server, { name: 'test', host: '127.0.0.1', port: 0 });
  const stop = new AbortController();
  const ended = part.run(stop.signal);
  await part.ready?.();
  const accepted = new Promise((resolve) => server.once('connection', resolve));
  const socket = await connecting(part.address().port);
  await accepted;
  const closed = new Promise((resolve) => socket.on('error', resolve).once('close', resolve));
  stop.abort();
  await ended;
  await closed;
}

const established = (socket: Socket, event: string): Promise<Socket> =>
  new Promise((resolve, reject) => socket.once('error', reject).once(event, () => resolve(socket)));
const overTls = (port: number) =>
  established(connectTls({ port, host: '127.0.0.1', ca: identity.cert, rejectUnauthorized: false }), 'secureConnect');

describe('a server that is to stop', () => {
  const clients: readonly { readonly name: string; readonly connecting: (port: number) => Promise<Socket> }[] = [
    { name: 'has connected and never begins the handshake', connecting: (port) => established(connect(port, '127.0.0.1'), 'connect') },
    { name: 'has done the handshake and asks nothing', connecting: overTls },
    {
      name: 'waits for an answer',
      async connecting(port) {
        const socket = await overTls(port);
        socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
        return socket;
      },
    },
  ];
  for (const { name, connecting } of clients) it(`does not wait for a client that ${name}`, () => stopWhile(connecting));

  it('is over once nobody is connected', async () => {
    let port = 0;
    await stopWhile((at) => ((port = at), overTls(at)));
    const refused = await established(connect(port, '127.0.0.1'), 'connect').catch((error: unknown) => error);
    expect(refused).to.include({ code: 'ECONNREFUSED' });
  });
});

describe('a server that is told no address', () => {
  it('is reached by IPv4, too', async () => {
    const part = httpPart(createServer(identity), { name: 'test', host: undefined, port: 0 });
    const stop = new AbortController();
    const ended = part.run(stop.signal);
    await part.ready?.();
    (await overTls(part.address().port)).destroy();
    stop.abort();
    await ended;
  });
});

describe('a server with as many clients as it holds', () => {
  const ask = (socket: Socket): Promise<unknown> => {
    socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    return new Promise((resolve, reject) => socket.once('data', resolve).once('close', () => reject(new Error('closed'))));
  };

  it('lets newcomers in at the cost of those who begin to ask and never end', async () => {
    const server = createServer(identity, (request, response) => {
      request.resume().once('end', () => response.end('said'));
    });
    const part = httpPart(server, { name: 'test', host: '127.0.0.1', port: 0, mostConnections: 4 });
    const stop = new AbortController();
    const ended = part.run(stop.signal);
    await part.ready?.();
    const { port } = part.address();
    let asked = 0;
    server.on('request', () => (asked += 1));
    for (let i = 1; i <= 4; i++) {
      const stranger = await overTls(port);
      stranger.on('error', () => {}).write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nx');
      await eventually(() => expect(asked).to.equal(i), { everyMs: 1 });
    }
    for (let i = 0; i < 5; i++) {
      const honest = await overTls(port);
      expect(String(await ask(honest.on('error', () => {})))).to.include('said');
    }
    stop.abort();
    await ended;
  });

  it('lets newcomers in at the cost of who has been silent longest, and never of who is being answered', async () => {
    const waiting: (() => void)[] = [];
    const server = createServer(identity, (_, response) => waiting.push(() => response.end('said')));
    const part = httpPart(server, { name: 'test', host: '127.0.0.1', port: 0, mostConnections: 4 });
    const stop = new AbortController();
    const ended = part.run(stop.signal);
    await part.ready?.();
    const { port } = part.address();
    const closed: string[] = [];
    const enter = async (name: string, socket: Promise<Socket>): Promise<Socket> => {
      const there = await socket;
      there.on('error', () => {}).once('close', () => closed.push(name));
      return there;
    };
    const early = await enter('early', overTls(port));
    const long = await enter('long', overTls(port));
    await enter('mute', established(connect(port, '127.0.0.1'), 'connect'));
    const answered = [ask(early), ask(long)];
    await eventually(() => expect(waiting).to.have.length(2), { everyMs: 1 });
    for (const name of ['a', 'b', 'c']) await enter(name, overTls(port));
    await eventually(() => expect(closed).to.deep.equal(['mute', 'a']), { everyMs: 1 });
    waiting.forEach((say) => say());
    expect((await Promise.all(answered)).map(String)).to.satisfy((all: string[]) => all.every((text) => text.includes('said')));
    for (const name of ['d', 'e']) await enter(name, overTls(port));
    await eventually(() => expect(closed).to.deep.equal(['mute', 'a', 'b', 'c']), { everyMs: 1 });
    stop.abort();
    await ended;
  });
});
