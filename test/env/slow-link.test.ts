import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from './eventually.ts';
import { type SlowLink, slowLink, type Slowness } from './slow-link.ts';

const PIECES = 200;

describe('a slow link', () => {
  let far: Server;
  let link: SlowLink;
  let socket: Socket;
  let came = '';

  const open = async (slowness: Slowness): Promise<void> => {
    link = await slowLink('127.0.0.1', ['127.0.0.1', (far.address() as AddressInfo).port], slowness);
    const [host = '', port] = link.address.split(':');
    came = '';
    socket = connect(Number(port), host);
    socket
      .setNoDelay(true)
      .setEncoding('utf8')
      .on('data', (text: string) => (came += text));
    await once(socket, 'connect');
  };

  before(async () => {
    far = createServer({ allowHalfOpen: true }, (other) => other.setNoDelay(true).pipe(other)).listen(0, '127.0.0.1');
    await once(far, 'listening');
  });
  afterEach(async () => {
    socket.destroy();
    await link.close();
  });
  after(() => far.close());

  /** Numbered pieces of all lengths, while the machine is as busy as machines that run tests are. */
  async function send(halfway: () => void): Promise<string> {
    let sent = '';
    for (let number = 0; number < PIECES; number++) {
      const piece = `${number}${'.'.repeat((number * 37) % 300)} `;
      sent += piece;
      socket.write(piece);
      if (number === PIECES / 2) halfway();
      await sleep(1);
      const busyUntil = performance.now() + ((number * 7) % 5);
      while (performance.now() < busyUntil);
    }
    return sent;
  }
  const numbers = (text: string): readonly string[] => text.split(/\.* /);

  const cases: readonly { name: string; slowness: Slowness; later?: Slowness }[] = [
    { name: 'as long as it is slow', slowness: { delayMs: 20, bytesPerSecond: 1e6 } },
    { name: 'when it becomes quick meanwhile', slowness: { delayMs: 50, bytesPerSecond: 1e6 }, later: {} },
    { name: 'when it becomes slow meanwhile', slowness: {}, later: { delayMs: 20, bytesPerSecond: 1e6 } },
  ];
  for (const { name, slowness, later } of cases)
    it(`carries all bytes in their order ${name}`, async () => {
      await open(slowness);
      const sent = await send(() => later !== undefined && link.set(later));
      await eventually(() => expect(came).to.have.length(sent.length));
      expect(numbers(came)).to.deep.equal(numbers(sent));
    });

  it('takes the time that it is told, for the way and for each byte', async () => {
    await open({ delayMs: 50, bytesPerSecond: 100_000 });
    const since = performance.now();
    socket.write('.'.repeat(10_000));
    await eventually(() => expect(came).to.have.length(10_000));
    // Each way takes the delay, and the first of them a tenth of a second for the bytes; timers end up to a millisecond early.
    expect(performance.now() - since).to.be.greaterThan(195);
  });

  it('brings the last bytes before it tells of the end', async () => {
    await open({ delayMs: 30 });
    socket.end('the last words');
    await once(socket, 'end');
    expect(came).to.equal('the last words');
  });
});
