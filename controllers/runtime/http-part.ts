import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { untilAborted } from './clock.ts';
import type { Part } from './manager.ts';

/** A server of ours, and where it listens. */
export interface HttpPart extends Part {
  /** Known once it is ready: port 0 means any that is free. */
  address(): AddressInfo;
}

/** What a server does besides answering. */
export interface HttpPartOptions {
  readonly name: string;
  /** Without one, all addresses of both families, as far as this machine has them. */
  readonly host: string | undefined;
  readonly port: number;
  /** What goes on while it listens; disposed when it stops. */
  readonly alongside?: () => Disposable;
  /** How long a request that has begun may go on once the server stops; without it, no longer. */
  readonly drainMs?: number;
}

/** Serves from start to stop; a port that is taken fails the start. */
export function httpPart(server: Server, { name, host, port, alongside, drainMs = 0 }: HttpPartOptions): HttpPart {
  const listening = Promise.withResolvers<void>();
  // Node's own list begins after the TLS handshake: who never ends that would keep the server from closing.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    name,
    ready: () => listening.promise,
    address() {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error(`${name} does not listen`);
      return address;
    },
    async run(signal) {
      server.once('error', listening.reject);
      server.listen(port, host, listening.resolve);
      await listening.promise;
      using _ = alongside?.();
      await untilAborted(signal);
      const closed = new Promise((resolve) => server.close(resolve));
      const cutOff = setTimeout(() => sockets.forEach((socket) => socket.destroy()), drainMs);
      await closed;
      clearTimeout(cutOff);
    },
  };
}
