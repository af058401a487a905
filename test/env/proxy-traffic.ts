import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Access } from './api.ts';
import { type Ambush, isMeant, type Match, type SeenRequest } from './ambush.ts';
import { type OpenWatch, pipeWatch } from './watch-pipe.ts';

/** A client's connection and the one connection upstream that mirrors it. */
export interface Pair {
  readonly agent: Agent;
  readonly wired: WeakSet<Socket>;
  busy: boolean;
  upstreamGone: boolean;
}

/** Everything that the parts of one proxy share. */
export interface Traffic {
  readonly access: Access;
  /** Whom the API server shall see. */
  readonly as: string | undefined;
  readonly ambush: Ambush;
  readonly holds: Set<{ readonly match: Match; readonly released: Promise<void> }>;
  readonly watches: Set<OpenWatch>;
  readonly seen: SeenRequest[];
  readonly pairs: Map<Socket, Pair>;
}

/** Takes in a client's connection and lets its counterpart upstream end with it. */
export function adopt(socket: Socket, { access: { ca, cert, key }, pairs }: Traffic): void {
  const agent = new Agent({ ca, cert, key, keepAlive: true, maxSockets: 1 });
  pairs.set(socket, { agent, wired: new WeakSet(), busy: false, upstreamGone: false });
  socket.on('close', () => {
    pairs.delete(socket);
    agent.destroy();
  });
}

/** Serves one request: passes it on and back, or lets it meet the fault that waits for it. */
export async function serve(request: IncomingMessage, response: ServerResponse, traffic: Traffic): Promise<void> {
  const pair = traffic.pairs.get(request.socket);
  if (pair === undefined) return;
  pair.busy = true;
  try {
    await exchange(request, response, pair, traffic);
  } finally {
    pair.busy = false;
    if (pair.upstreamGone) request.socket.destroySoon();
  }
}

async function exchange(request: IncomingMessage, response: ServerResponse, pair: Pair, traffic: Traffic): Promise<void> {
  const seen = look(request);
  traffic.seen.push(seen);
  const gate = (): Promise<void> => released(seen, response, traffic);
  await gate();
  const refusal = traffic.ambush.answerTo(seen);
  if (refusal !== undefined) return refuse(request, response, refusal);
  const upstream = await passOn(request, pair, traffic);
  await gate();
  response.writeHead(upstream.statusCode ?? 502, upstream.headers);
  if (!seen.watch || upstream.statusCode !== 200) return pipeline(upstream, response);
  const watch = { seen, response };
  traffic.watches.add(watch);
  response.on('close', () => traffic.watches.delete(watch)).flushHeaders();
  return pipeWatch(upstream, watch, traffic.ambush, gate);
}

function look(request: IncomingMessage): SeenRequest {
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://proxy');
  const watch = /^(?:1|true)$/.test(query.get('watch') ?? '');
  return { method: request.method ?? '', path, query, watch, at: performance.now() };
}

/** Returns when no hold is meant for this request, or its client has gone. */
async function released(seen: SeenRequest, response: ServerResponse, { holds }: Traffic): Promise<void> {
  for (;;) {
    const hold = [...holds].find(({ match }) => isMeant(seen, match));
    if (hold === undefined || response.destroyed) return;
    await Promise.race([hold.released, once(response, 'close')]);
  }
}

async function passOn(request: IncomingMessage, pair: Pair, { access, as }: Traffic): Promise<IncomingMessage> {
  // A compressed watch could not be read line by line.
  const { host: _, 'accept-encoding': __, ...headers } = request.headers;
  const upstream = httpsRequest(`${access.server}${request.url}`, {
    method: request.method ?? 'GET',
    headers: { ...headers, ...(as !== undefined && { 'impersonate-user': as }) },
    agent: pair.agent,
  });
  upstream.on('socket', (socket) => wire(socket, request.socket, pair));
  request.pipe(upstream);
  const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
  upstream.on('error', () => undefined); // from here on the answer tells
  return answer;
}

/** What closes upstream closes here, after what is still on its way. */
function wire(upstream: Socket, downstream: Socket, pair: Pair): void {
  if (pair.wired.has(upstream)) return;
  pair.wired.add(upstream);
  upstream.once('close', () => {
    pair.upstreamGone = true;
    if (!pair.busy) downstream.destroySoon();
  });
}

const REASONS: Readonly<Record<number, string>> = {
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, retryAfterSeconds }: { status: number; retryAfterSeconds?: number },
): void {
  request.resume();
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(statusObject(status)));
}

/** A Status as the API server words it. */
export function statusObject(code: number): object {
  const reason = REASONS[code] ?? 'Unknown';
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: `${reason}: said by the fault proxy`, reason, code };
}
