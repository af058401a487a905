import type { KubeConfig } from '@kubernetes/client-node';
import { Pool, type Dispatcher } from 'undici';
import type { Clock } from './clock.ts';
import { credentialsOf, type CredentialSource, type Credentials } from './credentials.ts';
import { ApiError } from './errors.ts';
import { watchEvents, type WatchBatch } from './watch-stream.ts';

/** One request to the API server, without where it is and who asks. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: unknown;
  /** Who asks, in the API server's audit log. */
  readonly userAgent?: string;
  /** Does not wait for a free connection: for the few calls whose delay would cost more than themselves. */
  readonly urgent?: boolean;
  /** Asked at the moment of sending, however long the request has waited for a connection; throws if it must not be sent any more. */
  readonly permit?: () => void;
}

/** The way to one API server. The only double of it in tests is a script; everything above is real. */
export interface Transport {
  /** One call; throws an ApiError for anything but a 2xx. */
  request(request: ApiRequest, signal?: AbortSignal): Promise<unknown>;
  /** A watch, as it arrives: one batch a chunk, empty batches included, since they prove life. Ends when the server ends it. */
  watch(request: ApiRequest, signal: AbortSignal): AsyncIterable<WatchBatch>;
  close(): Promise<void>;
}

/** The same way with something in between. */
export const around = (inner: Transport, change: Partial<Transport>): Transport => ({
  request: (request, signal) => inner.request(request, signal),
  watch: (request, signal) => inner.watch(request, signal),
  close: () => inner.close(),
  ...change,
});

/** As many calls at once as one API priority level comfortably seats; more would only queue there instead of here. */
const CALL_CONNECTIONS = 16;
/** Below the API server's 90 s, so that it is always we who close an idle connection. */
const KEEP_ALIVE_MS = 60_000;
/** A call may wait in the API server's fair queue for a minute; nothing of ours is worth more. */
const CALL_TIMEOUT_MS = 60_000;
/** TCP's own sign of life: half of the idle limit of common cloud balancers. */
const TCP_KEEP_ALIVE_MS = 30_000;
/** An API server that is alive sends the header of a watch at once. */
const WATCH_HEADER_TIMEOUT_MS = 30_000;

interface Pools {
  readonly fingerprint: string;
  readonly calls: Pool;
  readonly watches: Pool;
}

/** Connects to the current context of a kubeconfig: two pools for the life of the process, credentials reread as they rotate. */
export const connect = (kubeConfig: KubeConfig, options: { readonly clock: Clock; readonly userAgent: string }): Transport =>
  new PooledTransport(credentialsOf(kubeConfig, options.clock), options.userAgent);

class PooledTransport implements Transport {
  readonly #credentials: CredentialSource;
  readonly #userAgent: string;
  #pools: Pools | undefined;

  constructor(credentials: CredentialSource, userAgent: string) {
    this.#credentials = credentials;
    this.#userAgent = userAgent;
  }

  async request(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    try {
      const body = await this.#send(request, request.urgent === true ? 'watches' : 'calls', signal);
      return parseOr(await body.text());
    } catch (error) {
      throw ApiError.from(error);
    }
  }

  async *watch(request: ApiRequest, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    try {
      yield* watchEvents(await this.#send(request, 'watches', signal));
    } catch (error) {
      throw ApiError.from(error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#pools?.calls.destroy(), this.#pools?.watches.destroy()]);
  }

  async #send(request: ApiRequest, kind: 'calls' | 'watches', signal: AbortSignal | undefined): Promise<Dispatcher.ResponseData['body']> {
    const current = await orAborted(this.#credentials.current(), signal);
    const pool = this.#poolsFor(current)[kind];
    const dispatcher = request.permit === undefined ? pool : pool.compose(askingFirst(request.permit));
    const sending = dispatcher.request({
      method: request.method,
      path: current.basePath + pathWithQuery(request),
      headers: headersOf(request, current, this.#userAgent),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const response = await orAborted(sending, signal);
    if (response.statusCode < 300) return response.body;
    // The token may have been rotated under us: the next call rereads it.
    if (response.statusCode === 401) this.#credentials.forget();
    const retryAfter = response.headers['retry-after'];
    throw ApiError.fromStatus(
      response.statusCode,
      parseOr(await response.body.text()),
      typeof retryAfter === 'string' ? retryAfter : undefined,
    );
  }

  /** New pools only when the TLS material changed; the old ones finish what they carry. */
  #poolsFor(current: Credentials): Pools {
    if (this.#pools?.fingerprint === current.fingerprint) return this.#pools;
    void this.#pools?.calls.close();
    void this.#pools?.watches.close();
    const connection = { ...current.tls, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS };
    // HTTP/1.1 on purpose: see docs/decisions on the transport.
    const common = { allowH2: false, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS, connect: connection };
    const calls = { connections: CALL_CONNECTIONS, headersTimeout: CALL_TIMEOUT_MS, bodyTimeout: CALL_TIMEOUT_MS };
    // A quiet watch is healthy: the reflector's watchdog rules here, not the socket's.
    // As many as are asked for: what is urgent goes here too.
    const watches = { connections: null, headersTimeout: WATCH_HEADER_TIMEOUT_MS, bodyTimeout: 0 };
    this.#pools = {
      fingerprint: current.fingerprint,
      calls: new Pool(current.origin, { ...common, ...calls }),
      watches: new Pool(current.origin, { ...common, ...watches }),
    };
    return this.#pools;
  }
}

/**
 * Credentials hear of no signal, and undici does when it sends: while it connects, or waits for a connection, we do. It then sends
 * nothing any more.
 */
async function orAborted<T>(waiting: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return waiting;
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  // Whoever loses the race is heard by nobody.
  for (const promise of [waiting, aborted.promise]) promise.catch(() => undefined);
  try {
    return await Promise.race([waiting, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Asks when a connection is there and nothing is sent yet: what undici is given, it may hold for long. */
const askingFirst =
  (permit: () => void): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        permit();
        handler.onRequestStart?.(controller, context);
      },
      onResponseStart: (...start) => handler.onResponseStart?.(...start),
      onResponseData: (...data) => handler.onResponseData?.(...data),
      onResponseEnd: (...end) => handler.onResponseEnd?.(...end),
      onResponseError: (...error) => handler.onResponseError?.(...error),
    });

function pathWithQuery({ path, query = {} }: ApiRequest): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.append(name, String(value));
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

const headersOf = (request: ApiRequest, current: Credentials, userAgent: string): Record<string, string> => ({
  ...current.headers,
  accept: request.accept ?? 'application/json',
  'user-agent': request.userAgent ?? userAgent,
  ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
});

/** An error page of something in between is no JSON, and still worth showing. */
function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
