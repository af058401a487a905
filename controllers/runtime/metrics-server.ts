import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import { hostname } from 'node:os';
import { createGatekeeper, type Permission } from './authorization.ts';
import { issueAuthority, issueServer } from './certificates.ts';
import type { Clock } from './clock.ts';
import { describe } from './errors.ts';
import { httpPart, type HttpPart } from './http-part.ts';
import type { Logger } from './log.ts';
import { scrape, type Metrics } from './metrics.ts';
import type { Transport } from './transport.ts';

/** Where the metrics are served. */
export interface MetricsServerOptions {
  readonly host: string | undefined;
  readonly port: number;
  /** TLS, and only for those whom the API server permits to get /metrics. */
  readonly secure: boolean;
  readonly metrics: Metrics;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
}

const PATH = '/metrics';
/** A process lives for weeks; its certificate, made at its start and trusted by nobody by name, outlives it. */
const CERTIFICATE_DAYS = 3650;
const DAY_MS = 86_400_000;

/** Serves /metrics in Prometheus' text format. */
export function metricsPart(options: MetricsServerOptions): HttpPart {
  const { host, port, secure, clock } = options;
  const answer = createAnswer(options);
  const serve = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response);
  const server = secure ? createServer(selfSigned(clock.date()), serve) : createPlainServer(serve);
  return httpPart(server, { name: 'metrics', host, port });
}

/** Nobody knows its name: a scraper skips that check, as with controller-runtime's own. What counts is that the token is not overheard. */
function selfSigned(now: Date): { readonly cert: string; readonly key: string } {
  const validity = { from: new Date(now.getTime() - DAY_MS), until: new Date(now.getTime() + CERTIFICATE_DAYS * DAY_MS) };
  const name = 'keystone-metrics';
  return issueServer({ name, ...issueAuthority(name, validity) }, [hostname(), 'localhost'], validity);
}

const CODES: Readonly<Record<Exclude<Permission, 'allowed'>, number>> = { unknown: 401, forbidden: 403, busy: 429 };
const REASONS: Readonly<Record<Exclude<Permission, 'allowed'>, string>> = {
  unknown: 'A bearer token is needed that the API server knows',
  forbidden: `The API server permits no get of ${PATH}: see the ClusterRole keystone-metrics-reader`,
  busy: 'Too many ask at once with tokens that are not known yet: try again',
};

function createAnswer({ secure, metrics, transport, clock, log }: MetricsServerOptions) {
  const permitted = createGatekeeper(transport, clock);
  const refuse = (response: ServerResponse, code: number, why: string): void =>
    void response.writeHead(code, { 'content-type': 'text/plain' }).end(`${why}\n`);
  return async ({ method, url, headers }: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      if (url !== PATH) return refuse(response, 404, `There is only ${PATH}`);
      if (method !== 'GET') return refuse(response, 405, 'Only GET');
      const token = /^Bearer ([\w.~+/=-]{1,8192})$/.exec(headers.authorization ?? '')?.[1];
      const permission = !secure ? 'allowed' : token === undefined ? 'unknown' : await permitted(token, PATH);
      if (permission !== 'allowed') return refuse(response, CODES[permission], REASONS[permission]);
      const body = await scrape(metrics);
      response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(body);
    } catch (error) {
      log.warn('Could not serve the metrics', { cause: describe(error) });
      refuse(response, 503, 'The API server could not be asked, or a metric could not be read: the log says more');
    }
  };
}
