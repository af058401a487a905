import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Access } from './api.ts';
import { type Fault, isMeant, type Match, newAmbush, type SeenRequest, type WatchEvent } from './ambush.ts';
import { adopt, serve, statusObject, type Traffic } from './proxy-traffic.ts';
import type { OpenWatch } from './watch-pipe.ts';

/** A way to the API server that breaks and lies on demand. Connections map one to one: what the server closes, the client sees closed. */
export interface FaultProxy {
  readonly url: string;
  /** Leads through the proxy, which speaks upstream for whoever comes. */
  readonly kubeconfigPath: string;
  /** Answers the next matching requests itself, with a Status of this code. */
  readonly answer: (match: Match, status: number, options?: { readonly times?: number; readonly retryAfterSeconds?: number }) => Fault;
  /** Breaks the connection after so many bytes of the next event of a matching watch. */
  readonly cutMidEvent: (match: Match, afterBytes: number) => Fault;
  /** Loses the next such events on connections that stay healthy. */
  readonly swallow: (match: Match, which: (event: WatchEvent) => boolean, times?: number) => Fault;
  /** Writes a line into each matching open watch and returns how many there are. */
  readonly inject: (match: Match, line: string) => number;
  /** Tells each matching open watch that its resourceVersion is too old, as the API server does, ends it, and returns how many there were. */
  readonly expire: (match: Match) => number;
  /** Breaks each matching open watch and returns how many there were. */
  readonly drop: (match: Match) => number;
  /** Lets no byte of a matching answer through, on sockets that stay open, until the returned function is called. */
  readonly hold: (match: Match) => () => void;
  /** What is open right now. */
  readonly open: () => { readonly downstream: number; readonly upstream: number; readonly watches: number };
  /** The matching requests so far, in order of arrival. */
  readonly requests: (match?: Match) => readonly SeenRequest[];
  readonly stop: () => Promise<void>;
}

/** What the proxy does upstream. */
export interface FaultProxyOptions {
  /** Whom the API server shall see, e.g. a ServiceAccount by its user name; the administrator when left out. */
  readonly as?: string;
}

/** Starts a plain HTTP server on the loopback that passes everything on to the API server until told otherwise; it carries no upgrades. */
export async function startFaultProxy(access: Access, { as }: FaultProxyOptions = {}): Promise<FaultProxy> {
  const traffic: Traffic = { access, as, ambush: newAmbush(), holds: new Set(), watches: new Set(), seen: [], pairs: new Map() };
  // An API server's idle connections live much longer than those of Node's servers.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  server.on('connection', (socket) => adopt(socket, traffic));
  server.on('request', (request, response) => {
    // Whatever fails here is a connection that broke, so the other side sees it broken too.
    serve(request, response, traffic).catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), 'keystone-proxy-'));
  return {
    url,
    kubeconfigPath: writeKubeconfig(folder, url),
    ...faults(traffic),
    ...census(traffic),
    stop: () => stop(server, folder),
  };
}

function faults(traffic: Traffic): Pick<FaultProxy, 'answer' | 'cutMidEvent' | 'swallow' | 'inject' | 'expire' | 'drop' | 'hold'> {
  const { ambush, holds } = traffic;
  return {
    answer: (match, status, { times = 1, ...options } = {}) => ambush.lay(match, { kind: 'answer', status, ...options }, times),
    cutMidEvent: (match, afterBytes) => ambush.lay({ ...match, watch: true }, { kind: 'cut', afterBytes }, 1),
    swallow: (match, which, times = 1) => ambush.lay({ ...match, watch: true }, { kind: 'swallow', which }, times),
    inject: (match, line) => eachWatch(traffic, match, ({ response }) => response.write(`${line}\n`)),
    expire: (match) =>
      eachWatch(traffic, match, ({ response }) => response.end(`${JSON.stringify({ type: 'ERROR', object: statusObject(410) })}\n`)),
    drop: (match) => eachWatch(traffic, match, ({ response }) => response.socket?.destroy()),
    hold: (match) => {
      const { promise: released, resolve } = Promise.withResolvers<void>();
      const hold = { match, released };
      holds.add(hold);
      return () => {
        holds.delete(hold);
        resolve();
      };
    },
  };
}

function eachWatch({ watches }: Traffic, match: Match, act: (watch: OpenWatch) => unknown): number {
  const meant = [...watches].filter(({ seen }) => isMeant(seen, match));
  meant.forEach(act);
  return meant.length;
}

function census({ pairs, watches, seen }: Traffic): Pick<FaultProxy, 'open' | 'requests'> {
  const sockets = (byName: NodeJS.ReadOnlyDict<unknown[]>): number => Object.values(byName).flat().length;
  return {
    open: () => ({
      downstream: pairs.size,
      upstream: [...pairs.values()].reduce((sum, { agent }) => sum + sockets(agent.sockets) + sockets(agent.freeSockets), 0),
      watches: watches.size,
    }),
    requests: (match = {}) => seen.filter((request) => isMeant(request, match)),
  };
}

/** JSON is YAML too. */
function writeKubeconfig(folder: string, server: string): string {
  const path = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    // Plain HTTP is refused by the library that reads this unless it is told that nothing is verified.
    clusters: [{ name: 'proxy', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'anyone', user: {} }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'anyone' } }],
    'current-context': 'proxy',
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

async function stop(server: Server, folder: string): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
  await closed;
}
