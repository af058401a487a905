import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { expect } from 'chai';
import { holdConnections } from './connections.ts';

/** A connection as a server tells of it. */
class Peer extends EventEmitter {
  readonly remoteAddress = '10.0.0.1';
  readonly remotePort = 1234;
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
  }
}

describe('the connections that a server holds', () => {
  it('include a new one whose peer has the address and the port of one that closes late', () => {
    const server = new EventEmitter();
    const connections = holdConnections(server as Server, 4);
    const [old, young] = [new Peer(), new Peer()];
    const response = new EventEmitter();
    server.emit('connection', old);
    server.emit('request', { socket: old, complete: true }, response);
    server.emit('connection', young);
    old.emit('close');
    response.emit('close');
    connections.cut();
    expect([old.destroyed, young.destroyed]).to.deep.equal([false, true]);
  });
});
