import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { parse } from 'yaml';

const CONNECT_MS = 10_000;

/** Where an API server is and how to be its administrator. */
export interface Access {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** An answer of the API server, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What goes along with a call. */
export interface CallOptions {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly userAgent?: string;
  /** Somebody else than the administrator, by name. */
  readonly as?: string;
  readonly timeoutMs?: number;
}

/** The tests' own way to the API server: it shares no code with what is tested. */
export interface Api {
  /** Sends one request and returns the answer, also when it is an error. */
  readonly call: (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, options?: CallOptions) => Promise<Answer>;
  /** Closes the connections. */
  readonly close: () => Promise<void>;
}

/** Reads the kubeconfig that the control plane writes. */
export function readAccess(kubeconfigPath: string): Access {
  const config = parse(readFileSync(kubeconfigPath, 'utf8')) as {
    clusters: [{ cluster: Record<string, string> }];
    users: [{ user: Record<string, string> }];
  };
  const decode = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString();
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  return {
    server: cluster['server'] ?? '',
    ca: decode(cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  };
}

/** Opens the tests' own way to the API server. */
export function connect({ server, ca, cert, key }: Access): Api {
  // undici hears no abort while it connects, and a paused server lets it connect for long.
  const dispatcher = new Agent({ connect: { ca, cert, key, timeout: CONNECT_MS } });
  return {
    close: () => dispatcher.destroy(),
    call: async (method, path, { body, contentType = 'application/json', userAgent = 'keystone-test', as, timeoutMs = 30_000 } = {}) => {
      const answer = await request(`${server}${path}`, {
        method,
        dispatcher,
        headers: {
          accept: 'application/json',
          'content-type': contentType,
          'user-agent': userAgent,
          ...(as === undefined ? {} : { 'impersonate-user': as }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : text };
    },
  };
}

/** What the API server answered, which must have been a yes. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a test states what it expects to be served; a wrong statement shows at once
export function ok<T = unknown>({ status, body }: Answer): T {
  if (status >= 300) throw new Error(`the API server answered ${status}: ${JSON.stringify(body)}`);
  return body as T;
}
