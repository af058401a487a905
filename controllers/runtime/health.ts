import { createServer } from 'node:http';
import type { Clock } from './clock.ts';
import { httpPart, type HttpPart } from './http-part.ts';

/** Tells what is wrong, in a few words, or nothing. */
export type Check = () => string | undefined;

/** Where the probes are served and what they look at. */
export interface HealthOptions {
  readonly clock: Clock;
  readonly host: string | undefined;
  readonly port: number;
  /** What has to be right before this replica is of use; being the leader is not among it. */
  readonly readiness: Readonly<Record<string, Check>>;
}

/** A loop that was held up this long has missed leases and deadlines: better a fresh process. */
const STALL_MS = 10_000;
const BEAT_MS = 1_000;

/** Serves /healthz and /readyz in the API server's own format: `ok`, or the checks that fail and why. */
export function healthPart({ clock, host, port, readiness }: HealthOptions): HttpPart {
  const server = createServer();
  let lastBeat = clock.now();
  const liveness = {
    eventLoop: () => (clock.now() - lastBeat > STALL_MS ? `stalled for ${Math.round((clock.now() - lastBeat) / 1000)} s` : undefined),
  };

  server.on('request', (request, response) => {
    const checks = request.url === '/healthz' ? liveness : request.url === '/readyz' ? readiness : undefined;
    const failing = Object.entries(checks ?? {}).flatMap(([name, check]) => faultLine(name, check()));
    response.writeHead(checks === undefined ? 404 : failing.length === 0 ? 200 : 503, { 'content-type': 'text/plain' });
    response.end(failing.length === 0 ? 'ok\n' : `${failing.join('\n')}\n`);
  });

  const beating = (): Disposable => {
    const beat = setInterval(() => (lastBeat = clock.now()), BEAT_MS);
    return { [Symbol.dispose]: () => clearInterval(beat) };
  };
  return httpPart(server, { name: 'probes', host, port, alongside: beating });
}

const faultLine = (name: string, fault: string | undefined): readonly string[] => (fault === undefined ? [] : [`[-]${name}: ${fault}`]);
