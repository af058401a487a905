import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Clock } from './clock.ts';
import { stopwatch, type Metrics } from './metrics.ts';
import { TLS } from './serving.ts';
import { answerBody, type Answer } from './webhook-answer.ts';
import { BodyError, createBodyReader } from './webhook-body.ts';
import type { Judge } from './webhook-judge.ts';

/** The API server keeps idle connections for 90 s: whoever closes one first must not be us, or a review in flight is lost. */
const KEEP_ALIVE_MS = 120_000;
/** Node counts the header of the next request from the end of the last one, so this must be longer. */
const HEADERS_MS = KEEP_ALIVE_MS + 5_000;
/** Node wants this to be the longest; a body that is slow has a time of its own. */
const REQUEST_MS = HEADERS_MS + 15_000;
/** Whoever connects has something to say. */
const HANDSHAKE_MS = 10_000;

/** What answers under a path, and how long it has. */
export interface Desk {
  readonly judge: Judge;
  /** How long the API server waits unless it says so itself. */
  readonly timeoutMs: number;
}

/** What the server is made with. */
export interface WebhookServerOptions {
  /** By path. */
  readonly desks: ReadonlyMap<string, Desk>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Whether clients should look for another replica. */
  readonly leaving: () => boolean;
}

/** An HTTPS server that answers reviews; it has no certificate yet and listens nowhere. */
export function createWebhookServer(options: WebhookServerOptions): Server {
  const { desks, clock, metrics } = options;
  for (const webhook of desks.keys()) {
    metrics.webhookInFlight.set({ webhook }, 0);
    metrics.webhookRequests.inc({ webhook, code: '200' }, 0);
  }
  const limits = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    handshakeTimeout: HANDSHAKE_MS,
  };
  const read = createBodyReader(clock);
  const server = createServer({ ...TLS, ...limits }, (request, response) => {
    const { path, timeoutMs } = targetOf(request.url ?? '');
    const desk = desks.get(path);
    if (desk === undefined) return end(request, response, { code: 404, body: 'There is no webhook under this path' }, options.leaving());
    const seconds = stopwatch(clock);
    metrics.webhookInFlight.inc({ webhook: path });
    void answer(request, read, desk.judge, Math.min(timeoutMs ?? Infinity, desk.timeoutMs) * SHARE).then((said) => {
      end(request, response, said, options.leaving());
      metrics.webhookInFlight.dec({ webhook: path });
      metrics.webhookSeconds.observe({ webhook: path }, seconds());
      metrics.webhookRequests.inc({ webhook: path, code: String(said.code) });
    });
  });
  // What comes before a request is the sender's trouble.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  return server;
}

/** Total: whatever comes is answered, with a review or a 4xx; only our own trouble is a 5xx. */
async function answer(request: IncomingMessage, read: BodyReader, judge: Judge, withinMs: number): Promise<Answer> {
  if (request.method !== 'POST') return { code: 405, body: 'Only POST' };
  if (!/^application\/json(?:\s*;|$)/.test(request.headers['content-type'] ?? '')) return { code: 415, body: 'Only application/json' };
  try {
    // No await between the two: it would hold the bytes until the answer.
    return await read(request).then((bytes) => answerBody(bytes, judge, withinMs));
  } catch (error) {
    if (error instanceof BodyError) return { code: error.code, body: error.message };
    return { code: 500, body: 'The review could not be answered' };
  }
}

type BodyReader = ReturnType<typeof createBodyReader>;

/** What of the API server's patience is ours: the rest is for the way and for being answered before it is over. */
const SHARE = 0.8;

function end(request: IncomingMessage, response: ServerResponse, { code, body }: Answer, leaving: boolean): void {
  const [type, text] = typeof body === 'string' ? ['text/plain', `${body}\n`] : ['application/json', JSON.stringify(body)];
  // What was not read would be taken for the next request.
  const close = leaving || !request.complete;
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...(close ? { connection: 'close' } : {}) });
  response.end(text);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000 };

/** The path, and how long the API server says that it waits. */
function targetOf(url: string): { readonly path: string; readonly timeoutMs: number | undefined } {
  const [path = '', query = ''] = url.split('?', 2);
  const [, amount, unit = ''] = /(?:^|&)timeout=(\d{1,5})(ms|s)(?:&|$)/.exec(query) ?? [];
  return { path, timeoutMs: amount === undefined ? undefined : Number(amount) * (UNITS[unit] ?? 0) };
}
