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
  /** How long the event loop may be held up. */
  readonly stallMs?: number;
}

/** A loop that was held up this long has missed leases and deadlines: better a fresh process. */
const STALL_MS = 10_000;
/** While it lasts nothing is answered, and the first answer comes after it: a kubelet has to hear of it three times, 20 s apart. */
export const STALL_MEMORY_MS = 65_000;
/** So many beats that one more or less makes no difference to what counts as a stall. */
const BEATS = 10;

/** Serves /healthz and /readyz in the API server's own format: `ok`, or the checks that fail and why. */
export function healthPart({ clock, host, port, readiness, stallMs = STALL_MS }: HealthOptions): HttpPart {
  const server = createServer();
  let lastBeat = clock.now();
  let stall = { ms: 0, endedAt: -Infinity };
  // The timer that is due runs before the probe that waited: what it woke from is kept, or nobody would ever see it.
  const beat = (): void => {
    const now = clock.now();
    if (now - lastBeat > stallMs) stall = { ms: now - lastBeat, endedAt: now };
    lastBeat = now;
  };
  const liveness = {
    eventLoop: () => {
      beat();
      return clock.now() - stall.endedAt < STALL_MEMORY_MS ? `stalled for ${Math.round(stall.ms / 1000)} s` : undefined;
    },
  };

  server.on('request', (request, response) => {
    const checks = request.url === '/healthz' ? liveness : request.url === '/readyz' ? readiness : undefined;
    const failing = Object.entries(checks ?? {}).flatMap(([name, check]) => faultLine(name, check()));
    response.writeHead(checks === undefined ? 404 : failing.length === 0 ? 200 : 503, { 'content-type': 'text/plain' });
    response.end(failing.length === 0 ? 'ok\n' : `${failing.join('\n')}\n`);
  });

  const beating = (): Disposable => {
    const beats = setInterval(beat, stallMs / BEATS);
    return { [Symbol.dispose]: () => clearInterval(beats) };
  };
  return httpPart(server, { name: 'probes', host, port, alongside: beating });
}

const faultLine = (name: string, fault: string | undefined): readonly string[] => (fault === undefined ? [] : [`[-]${name}: ${fault}`]);
