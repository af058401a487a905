import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections that a server holds. */
export interface Connections {
  /** Ends all of them, whatever goes on there. */
  cut(): void;
}

interface Held {
  readonly socket: Socket;
  /** The request that is not answered yet, if there is one. */
  readonly request?: IncomingMessage;
}

/**
 * Lets a server hold so many connections: a newcomer takes the place of whoever has waited longest without asking anything whole.
 * Turning newcomers away instead would let a stranger who connects, or begins a request and never ends it, keep out everybody else.
 */
export function holdConnections(server: Server, most: number): Connections {
  // Node's own list begins after the TLS handshake: who never ends that would not be in it. In order of their last answer.
  const all = new Map<string, Held>();
  const makeRoom = (newcomer: string): void => {
    const [victim = newcomer] = [...all].find(([peer, { request }]) => peer !== newcomer && request?.complete !== true) ?? [];
    all.get(victim)?.socket.destroy();
  };
  /** A port is used again before its last connection has said that it is closed. */
  const drop = (peer: string, socket: Socket): boolean => all.get(peer)?.socket === socket && all.delete(peer);
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    all.set(peer, { socket });
    socket.once('close', () => drop(peer, socket));
    if (all.size > most) makeRoom(peer);
  });
  server.on('request', (request, response) => {
    const peer = peerOf(request.socket);
    const socket = all.get(peer)?.socket;
    if (socket === undefined) return;
    all.set(peer, { socket, request });
    response.once('close', () => drop(peer, socket) && all.set(peer, { socket }));
  });
  return { cut: () => [...all.values()].forEach(({ socket }) => socket.destroy()) };
}

/** What is the same for a connection and for the TLS within it. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
