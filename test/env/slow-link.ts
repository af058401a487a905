import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** How slow a link is, in each direction. */
export interface Slowness {
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
}

/** A way to one address that is longer than it need be. */
export interface SlowLink {
  /** HOST:PORT of its near end. */
  readonly address: string;
  /** Changes what it does to bytes that come from now on; nothing makes it as quick as it can. */
  readonly set: (slowness: Slowness) => void;
  /** Cuts the connections that it has, and takes new ones. */
  readonly cut: () => void;
  readonly close: () => Promise<void>;
}

/** Listens at an address of this machine, such as the gateway of a realm's network, and carries bytes to HOST:PORT slowly. */
export async function slowLink(near: string, [host, port]: readonly [string, number], slowness: Slowness = {}): Promise<SlowLink> {
  let now = slowness;
  const sockets = new Set<Socket>();
  // Else the end of one direction would end the other, with what is still on its way.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const far = connect({ host, port, allowHalfOpen: true });
    for (const socket of [client, far]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    for (const [from, to] of [
      [client, far],
      [far, client],
    ] as const)
      pipeline(
        from,
        carrier(() => now),
        to,
      ).catch(() => {
        client.destroy();
        far.destroy();
      });
  }).listen(0, near);
  await once(server, 'listening');
  const bound = server.address();
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    address: `${near}:${typeof bound === 'object' && bound !== null ? bound.port : 0}`,
    set: (slower) => (now = slower),
    cut,
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A piece takes its time to leave, during which the next one waits; then it is on its way, and others behind it. */
function carrier(slowness: () => Slowness): Transform {
  // One after the other: of several timers a later one may ring first, on a busy machine or when the link becomes quicker.
  let arrived = Promise.resolve();
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const { delayMs = 0, bytesPerSecond = Infinity } = slowness();
      const leaving = (chunk.length / bytesPerSecond) * 1000;
      const arrives = performance.now() + leaving + delayMs;
      arrived = arrived.then(async () => {
        await until(arrives);
        this.push(chunk);
      });
      setTimeout(done, leaving);
    },
    flush(done) {
      void arrived.finally(done);
    },
  });
}

async function until(moment: number): Promise<void> {
  const left = moment - performance.now();
  if (left > 0) await sleep(left);
}
