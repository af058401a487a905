import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { KubeConfig, User } from '@kubernetes/client-node';
import type { Clock } from './clock.ts';

/** What of a connection's options a kubeconfig can set. */
type TlsMaterial = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'rejectUnauthorized' | 'servername'>;

/** All that a connection needs, at one moment. */
export interface Credentials {
  readonly origin: string;
  /** What a proxied API server's address has behind its host; empty as a rule. */
  readonly basePath: string;
  readonly tls: TlsMaterial;
  readonly headers: Readonly<Record<string, string>>;
  /** Changes exactly when the TLS material does. */
  readonly fingerprint: string;
}

/** Credentials as they are now. */
export interface CredentialSource {
  current(): Promise<Credentials>;
  /** They were refused: read them again. */
  forget(): void;
}

/** Projected tokens live an hour and are replaced well before: the same minute as client-go. */
const REREAD_MS = 60_000;

/** Reads a kubeconfig's credentials, at most once a minute, with whatever plug-in the user needs. */
export function credentialsOf(kubeConfig: KubeConfig, clock: Clock): CredentialSource {
  let held: { readonly at: number; readonly value: Promise<Credentials> } | undefined;
  return {
    current() {
      if (held !== undefined && clock.now() - held.at < REREAD_MS) return held.value;
      const value = read(kubeConfig);
      held = { at: clock.now(), value };
      // A failed read is not remembered: the next call tries again.
      value.catch(() => (held = undefined));
      return value;
    },
    forget: () => (held = undefined),
  };
}

async function read(kubeConfig: KubeConfig): Promise<Credentials> {
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) throw new Error('The kubeconfig has no current cluster: set current-context');
  if (cluster.proxyUrl !== undefined)
    throw new Error(`The kubeconfig's proxy-url ${cluster.proxyUrl} is not supported: reach the API server directly`);
  const options: RequestOptions = {};
  await kubeConfig.applyToHTTPSOptions(options);
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  const tls = defined({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername });
  const url = new URL(cluster.server);
  const token = readTokenFile(kubeConfig.getCurrentUser());
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/$/, ''),
    tls,
    headers: {
      ...stringHeaders(options.headers),
      ...(typeof options.auth === 'string' ? { Authorization: basic(options.auth) } : {}),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    fingerprint: createHash('sha256').update(JSON.stringify(tls, bufferAsText)).digest('hex'),
  };
}

/** A Pod's own token, read here since the library keeps an old one for a minute even after it was refused. */
function readTokenFile(user: User | null): string | undefined {
  const provider: unknown = user?.authProvider;
  const config = typeof provider === 'object' && provider !== null && 'config' in provider ? provider.config : undefined;
  const path = typeof config === 'object' && config !== null && 'tokenFile' in config ? config.tokenFile : undefined;
  return typeof path === 'string' ? readFileSync(path, 'utf8').trim() : undefined;
}

const basic = (userAndPassword: string): string => `Basic ${Buffer.from(userAndPassword).toString('base64')}`;
const bufferAsText = (_: string, value: unknown): unknown => (Buffer.isBuffer(value) ? value.toString('base64') : value);
const defined = (options: { readonly [K in keyof TlsMaterial]: TlsMaterial[K] | undefined }): TlsMaterial =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

function stringHeaders(headers: object | readonly string[] | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) if (typeof value === 'string') found[name] = value.trim();
  return found;
}
