import { parseArgs } from 'node:util';

/** What was asked for can't be: one line that says what, and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** How much is logged. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
/** One of them. */
export type LogLevel = (typeof LOG_LEVELS)[number];

const FLAGS = {
  controllers: { type: 'string', default: '*', help: 'controllers to run, separated by commas; * is all of them' },
  kubeconfig: { type: 'string', help: 'path of a kubeconfig; without it $KUBECONFIG, ~/.kube/config or the Pod’s own account' },
  'health-probe-bind-address': { type: 'string', default: ':8081', help: 'host:port that serves /healthz and /readyz' },
  'metrics-bind-address': { type: 'string', default: '0', help: 'host:port that serves /metrics, such as :8443; 0 serves none' },
  'metrics-secure': { type: 'string', default: 'true', help: 'true or false: TLS, and only for whom the API server permits' },
  'webhook-bind-address': { type: 'string', default: '0', help: 'host:port that serves admission webhooks, such as :9443; 0 serves none' },
  'webhook-cert-dir': {
    type: 'string',
    help: 'folder with tls.crt and tls.key for webhooks; without it the operator makes and renews its own',
  },
  'webhook-cert-lifetime': {
    type: 'string',
    default: '2160h',
    help: 'how long certificates of the operator’s own hold; renewed at two thirds',
  },
  'webhook-shutdown-delay': { type: 'string', default: '5s', help: 'how long webhooks are still answered when the operator is to stop' },
  'grant-namespaces': { type: 'string', default: 'keystone-system', help: 'namespaces in which Grants are served, separated by commas' },
  'capacity-reserve': { type: 'string', default: '10', help: 'percent of what the nodes can carry that is never lent, 0 to 90' },
  'leader-elect': {
    type: 'string',
    default: 'true',
    help: 'true or false: wait for each controller’s Lease; false only where one process runs',
  },
  'leader-elect-lease-duration': { type: 'string', default: '12s', help: 'how long a Lease that is not renewed keeps others waiting' },
  'leader-elect-renew-deadline': { type: 'string', default: '9s', help: 'how long a leader goes on without a renewal' },
  'leader-elect-retry-period': { type: 'string', default: '1500ms', help: 'how often the Lease is renewed, or stood for' },
  'log-level': { type: 'string', default: 'info', help: LOG_LEVELS.join(', ') },
  help: { type: 'boolean', default: false, help: 'print this and exit' },
  version: { type: 'boolean', default: false, help: 'print the version and exit' },
} as const;

/** What the environment may say. */
export const ENVIRONMENT = {
  KEYSTONE_REALM: 'name of this realm (a DNS label); used once, at the very first start',
  POD_NAMESPACE: 'the operator’s own namespace; keystone-system without it',
} as const;

/** Reads the command line; nothing is checked but the names. */
export function readFlags(args: readonly string[]) {
  const names = Object.keys(FLAGS)
    .map((name) => `--${name}`)
    .join(', ');
  // As kubebuilder's operators are started: the bare flag means true.
  const given = args.map((arg) => (arg === '--leader-elect' || arg === '--metrics-secure' ? `${arg}=true` : arg));
  try {
    return parseArgs({ args: given, options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const culprit = error instanceof Error ? (/'([^']*)'/.exec(error.message)?.[1] ?? '') : '';
    throw new UsageError(`${culprit} can't be used so; the flags are ${names}`, { cause: error });
  }
}

/** What --help prints. */
export function usage(known: readonly string[]): string {
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
