import { REALM_NAME } from './clusterregistration/identity.ts';
import { ENVIRONMENT, LOG_LEVELS, UsageError, readFlags, usage, type LogLevel } from './flags.ts';
import type { LeaseTimings } from './runtime/leader.ts';
import type { WebhookSettings } from './runtime/webhook-part.ts';

/** Where something listens. */
export interface Address {
  /** Absent for all addresses that there are: a node may have no IPv6, and then there is no `::` either. */
  readonly host: string | undefined;
  readonly port: number;
}

/** Everything that can be set from outside, checked. */
export interface Configuration {
  readonly controllers: readonly string[];
  /** The operator's own namespace. */
  readonly namespace: string;
  readonly realmSeed: string | undefined;
  /** Where Grants are served: whoever may write there lends this realm's resources. */
  readonly grantNamespaces: readonly string[];
  /** Percent of what the nodes can carry that is never lent. */
  readonly capacityReserve: number;
  readonly probes: Address;
  /** Absent where none are served. */
  readonly metrics: (Address & { readonly secure: boolean }) | undefined;
  /** Absent where none are served. */
  readonly webhook: WebhookSettings | undefined;
  /** Absent where nobody stands for a Lease. */
  readonly leases: LeaseTimings | undefined;
  readonly logLevel: LogLevel;
  readonly kubeconfig: string | undefined;
}

/** Reads flags and environment; a string is to be printed instead of starting. */
export function readConfiguration(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  known: readonly string[],
  version: string,
): Configuration | string {
  const flags = readFlags(args);
  if (flags.help) return usage(known);
  if (flags.version) return version;
  refuseUnknownEnvironment(env);
  const logLevel = LOG_LEVELS.find((level) => level === flags['log-level']);
  if (logLevel === undefined) throw new UsageError(`--log-level=${flags['log-level']} is none of ${LOG_LEVELS.join(', ')}`);
  const namespace = env['POD_NAMESPACE'] ?? 'keystone-system';
  if (!REALM_NAME.test(namespace))
    throw new UsageError(`POD_NAMESPACE=${namespace} is no namespace: lower-case letters, digits and dashes, at most 63`);
  const realmSeed = env['KEYSTONE_REALM'] === '' ? undefined : env['KEYSTONE_REALM'];
  if (realmSeed !== undefined && !REALM_NAME.test(realmSeed)) {
    throw new UsageError(
      `KEYSTONE_REALM=${realmSeed} is no realm name: lower-case letters, digits and dashes, at most 63, such as alice-home`,
    );
  }
  const probes = readAddress('health-probe-bind-address', flags['health-probe-bind-address']);
  return {
    controllers: chosen(flags.controllers, known),
    namespace,
    realmSeed,
    grantNamespaces: readNamespaces(flags['grant-namespaces']),
    capacityReserve: readPercent(flags['capacity-reserve']),
    probes,
    metrics: readMetrics(flags),
    webhook: readWebhook(flags),
    leases: readLeases(flags),
    logLevel,
    kubeconfig: flags.kubeconfig,
  };
}

function chosen(list: string, known: readonly string[]): readonly string[] {
  if (list === '*') return known;
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new UsageError(
      `--controllers=${list}: there is no ${unknown.map((name) => `"${name}"`).join(', ')}; there are ${known.join(', ')}`,
    );
  return names;
}

function readNamespaces(list: string): readonly string[] {
  const names = list.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !REALM_NAME.test(name));
  if (wrong !== undefined)
    throw new UsageError(`--grant-namespaces=${list}: "${wrong}" is no namespace: lower-case letters, digits and dashes, at most 63`);
  return names;
}

/** Lending nothing is said by having no Grants: a reserve beyond this is a slip. */
const LARGEST_RESERVE = 90;

function readPercent(text: string): number {
  const percent = /^\d{1,2}$/.test(text) ? Number(text) : Infinity;
  if (percent > LARGEST_RESERVE) throw new UsageError(`--capacity-reserve=${text} is no whole percentage from 0 to ${LARGEST_RESERVE}`);
  return percent;
}

function readAddress(flag: string, address: string): Address {
  const match = /^(.*):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) throw new UsageError(`--${flag}=${address} is no host:port, such as :8081 or 127.0.0.1:8081`);
  const host = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  return { host: host === '' ? undefined : host, port };
}

/** A misspelt name would otherwise be a setting that silently does not hold. */
function refuseUnknownEnvironment(env: NodeJS.ProcessEnv): void {
  const unknown = Object.keys(env).filter((name) => name.startsWith('KEYSTONE_') && !(name in ENVIRONMENT));
  if (unknown.length > 0)
    throw new UsageError(`${unknown.join(', ')} is no setting of this operator; there are ${Object.keys(ENVIRONMENT).join(', ')}`);
}

function readMetrics(flags: ReturnType<typeof readFlags>): Configuration['metrics'] {
  const secure = readTruth('metrics-secure', flags['metrics-secure']);
  const address = flags['metrics-bind-address'];
  return address === '0' ? undefined : { ...readAddress('metrics-bind-address', address), secure };
}

/** Below this, a rotation would follow the other before API servers have heard of the last. */
const SHORTEST_LIFETIME_MS = 10_000;

function readWebhook(flags: ReturnType<typeof readFlags>): Configuration['webhook'] {
  const lifetimeMs = readDuration('webhook-cert-lifetime', flags['webhook-cert-lifetime']);
  if (lifetimeMs < SHORTEST_LIFETIME_MS)
    throw new UsageError(
      `--webhook-cert-lifetime=${flags['webhook-cert-lifetime']} is too short: give at least ${SHORTEST_LIFETIME_MS / 1000}s`,
    );
  const lingerMs = readDuration('webhook-shutdown-delay', flags['webhook-shutdown-delay']);
  const address = flags['webhook-bind-address'];
  if (address === '0') return undefined;
  return { ...readAddress('webhook-bind-address', address), certificates: flags['webhook-cert-dir'], lifetimeMs, lingerMs };
}

function readTruth(flag: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new UsageError(`--${flag}=${text} is neither true nor false`);
  return text === 'true';
}

function readLeases(flags: ReturnType<typeof readFlags>): LeaseTimings | undefined {
  const wanted = readTruth('leader-elect', flags['leader-elect']);
  const durationMs = readDuration('leader-elect-lease-duration', flags['leader-elect-lease-duration']);
  const deadlineMs = readDuration('leader-elect-renew-deadline', flags['leader-elect-renew-deadline']);
  const retryMs = readDuration('leader-elect-retry-period', flags['leader-elect-retry-period']);
  // client-go's own rule: a leader must have given up before its Lease lapses, and have tried more than once until then.
  if (durationMs <= deadlineMs || deadlineMs <= retryMs * 1.2)
    throw new UsageError(
      '--leader-elect-lease-duration must be longer than --leader-elect-renew-deadline, and that than 1.2 times --leader-elect-retry-period',
    );
  return wanted ? { durationMs, deadlineMs, retryMs } : undefined;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function readDuration(flag: string, text: string): number {
  const match = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text);
  const ms = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? NaN);
  if (!(ms > 0)) throw new UsageError(`--${flag}=${text} is no duration, such as 12s or 1500ms`);
  return ms;
}
