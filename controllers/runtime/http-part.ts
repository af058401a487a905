import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { untilAborted } from './clock.ts';
import { holdConnections } from './connections.ts';
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
  /** How many clients it holds at once. */
  readonly mostConnections?: number;
}

/** An API server, a Prometheus or a kubelet holds some dozens. Strangers must not take all descriptors and memory there are. */
const MOST_CONNECTIONS = 512;

/** Serves from start to stop; a port that is taken fails the start. */
export function httpPart(server: Server, options: HttpPartOptions): HttpPart {
  const { name, host, port, alongside, drainMs = 0, mostConnections = MOST_CONNECTIONS } = options;
  const listening = Promise.withResolvers<void>();
  const connections = holdConnections(server, mostConnections);
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
      const cutOff = setTimeout(() => connections.cut(), drainMs);
      await closed;
      clearTimeout(cutOff);
    },
  };
}
