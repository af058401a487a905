import { createLogger, format, transports } from 'winston';
import { readConfiguration, type Configuration } from './configuration.ts';
import { UsageError } from './flags.ts';
import { KeystoneOperator } from './operator.ts';
import { NO_SETTINGS, controllers } from './rooms.ts';
import { describe } from './runtime/errors.ts';
import type { Logger } from './runtime/log.ts';
import { VERSION } from './version.ts';

/** Asked for something that can't be, as with any command line tool. */
const EXIT_USAGE = 2;

async function main(): Promise<void> {
  const configuration = readConfiguration(
    process.argv.slice(2),
    process.env,
    controllers(NO_SETTINGS).map(({ name }) => name),
    VERSION,
  );
  if (typeof configuration === 'string') return void process.stdout.write(`${configuration}\n`);
  const log = createLogger({
    level: configuration.logLevel,
    format: format.combine(format.timestamp(), format.json()),
    transports: [new transports.Console()],
  });
  const operator = createOperator(configuration, log);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info('Stopping', { signal });
      operator.stop();
      // Whoever asks twice does not want to wait.
      process.once(signal, () => process.exit(1));
    });
  }
  await operator.start();
  log.info('Stopped');
}

/** The library reads the kubeconfig as soon as it is made; what it throws may quote the file, so it is not passed on. */
function createOperator(configuration: Configuration, log: Logger): KeystoneOperator {
  if (configuration.kubeconfig !== undefined) process.env['KUBECONFIG'] = configuration.kubeconfig;
  const path = process.env['KUBECONFIG'] ?? '~/.kube/config';
  let operator: KeystoneOperator;
  try {
    operator = new KeystoneOperator(configuration, log, VERSION);
  } catch {
    throw new UsageError(`The kubeconfig ${path} can't be read: it must be there, be YAML, and name clusters, users and contexts`);
  }
  if (!operator.knowsCluster)
    throw new UsageError('There is no kubeconfig: give --kubeconfig=PATH, set KUBECONFIG, or run in a Pod with a service account');
  return operator;
}

main().catch((error: unknown) => {
  process.stderr.write(`keystone-operator: ${describe(error)}\n`);
  process.exit(error instanceof UsageError ? EXIT_USAGE : 1);
});
