import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

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
  const server = createServer((client) => {
    const far = connect({ host, port });
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
  let arrives = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const { delayMs = 0, bytesPerSecond = Infinity } = slowness();
      const leaving = (chunk.length / bytesPerSecond) * 1000;
      // A link that became quicker must not let anything overtake.
      arrives = Math.max(arrives, performance.now() + leaving + delayMs);
      setTimeout(() => this.push(chunk), Math.max(0, arrives - performance.now()));
      setTimeout(done, leaving);
    },
    flush(done) {
      setTimeout(done, Math.max(0, arrives - performance.now()) + 1);
    },
  });
}
