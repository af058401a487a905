import { parseArgs } from 'node:util';
import { REALM_NAME } from './clusterregistration/identity.ts';

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
  readonly probes: { readonly host: string; readonly port: number };
  readonly logLevel: LogLevel;
  readonly kubeconfig: string | undefined;
}

/** What was asked for can't be: one line that says what, and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

const FLAGS = {
  controllers: { type: 'string', default: '*', help: 'controllers to run, separated by commas; * is all of them' },
  kubeconfig: { type: 'string', help: 'path of a kubeconfig; without it $KUBECONFIG, ~/.kube/config or the Pod’s own account' },
  'health-probe-bind-address': { type: 'string', default: ':8081', help: 'host:port that serves /healthz and /readyz' },
  'grant-namespaces': { type: 'string', default: 'keystone-system', help: 'namespaces in which Grants are served, separated by commas' },
  'capacity-reserve': { type: 'string', default: '10', help: 'percent of what the nodes can carry that is never lent, 0 to 90' },
  'log-level': { type: 'string', default: 'info', help: LOG_LEVELS.join(', ') },
  help: { type: 'boolean', default: false, help: 'print this and exit' },
  version: { type: 'boolean', default: false, help: 'print the version and exit' },
} as const;

const ENVIRONMENT = {
  KEYSTONE_REALM: 'name of this realm (a DNS label); used once, at the very first start',
  POD_NAMESPACE: 'the operator’s own namespace; keystone-system without it',
} as const;

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
    logLevel,
    kubeconfig: flags.kubeconfig,
  };
}

function readFlags(args: readonly string[]) {
  const names = Object.keys(FLAGS)
    .map((name) => `--${name}`)
    .join(', ');
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const given = error instanceof Error ? (/'([^']*)'/.exec(error.message)?.[1] ?? '') : '';
    throw new UsageError(`${given} can't be used so; the flags are ${names}`, { cause: error });
  }
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

function readAddress(flag: string, address: string): { readonly host: string; readonly port: number } {
  const match = /^(.*):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (match === null || port > 65535) throw new UsageError(`--${flag}=${address} is no host:port, such as :8081 or 127.0.0.1:8081`);
  // Without a host, all addresses of both families.
  return { host: (match[1] ?? '').replace(/^\[(.*)\]$/, '$1') || '::', port };
}

/** A misspelt name would otherwise be a setting that silently does not hold. */
function refuseUnknownEnvironment(env: NodeJS.ProcessEnv): void {
  const unknown = Object.keys(env).filter((name) => name.startsWith('KEYSTONE_') && !(name in ENVIRONMENT));
  if (unknown.length > 0)
    throw new UsageError(`${unknown.join(', ')} is no setting of this operator; there are ${Object.keys(ENVIRONMENT).join(', ')}`);
}

function usage(known: readonly string[]): string {
  const line = (name: string, help: string) => `  ${name.padEnd(32)} ${help}`;
  const flags = Object.entries(FLAGS).map(([name, flag]) =>
    line(`--${name}`, 'default' in flag && flag.type === 'string' ? `${flag.help} (${flag.default})` : flag.help),
  );
  const environment = Object.entries(ENVIRONMENT).map(([name, help]) => line(name, help));
  return [
    'Keystone operator: lends slices of this realm, and runs on those of others',
    '',
    'Flags:',
    ...flags,
    '',
    'Environment:',
    ...environment,
    '',
    `Controllers: ${known.join(', ')}`,
  ].join('\n');
}
