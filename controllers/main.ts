import { createLogger, format, transports } from 'winston';
import { UsageError, readConfiguration } from './configuration.ts';
import { KeystoneOperator } from './operator.ts';
import { NO_SETTINGS, controllers } from './rooms.ts';
import { describe } from './runtime/errors.ts';
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
  const operator = new KeystoneOperator(configuration, log, VERSION);
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

main().catch((error: unknown) => {
  process.stderr.write(`keystone-operator: ${describe(error)}\n`);
  process.exit(error instanceof UsageError ? EXIT_USAGE : 1);
});
