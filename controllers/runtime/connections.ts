import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections that a server holds. */
export interface Connections {
  /** Ends all of them, whatever goes on there. */
  cut(): void;
}

/**
 * Lets a server hold so many connections: a newcomer takes the place of whoever has been silent longest. Turning newcomers away
 * instead would let a stranger who connects and says nothing keep out everybody else.
 */
export function holdConnections(server: Server, most: number): Connections {
  // Node's own list begins after the TLS handshake: who never ends that would not be in it. In order of their last word.
  const silent = new Map<string, Socket>();
  const heard = new Map<string, Socket>();
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    silent.set(peer, socket);
    socket.once('close', () => (heard.delete(peer), silent.delete(peer)));
    if (silent.size + heard.size > most) silent.values().next().value?.destroy();
  });
  server.on('request', (request, response) => {
    const peer = peerOf(request.socket);
    const socket = silent.get(peer);
    if (socket === undefined) return;
    silent.delete(peer);
    heard.set(peer, socket);
    response.once('close', () => heard.delete(peer) && silent.set(peer, socket));
  });
  return { cut: () => [...silent.values(), ...heard.values()].forEach((socket) => socket.destroy()) };
}

/** What is the same for a connection and for the TLS within it. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
