import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, type Outcome, ROOT, run, SetupError, step } from './steps.ts';

const DAEMON_LOG = join(ROOT, '.cache/dockerd.log');
const DAEMON_DEADLINE_MS = 30_000;

/** Returns once a Docker daemon answers: one that is there, or on Debian one that it installs and starts. */
export async function ensureDocker(): Promise<void> {
  const { ok, output } = askDaemon();
  if (ok) return;
  const lack = lackOfDocker({
    said: output,
    hasCommand: attempt('docker', '--version').ok,
    host: process.env['DOCKER_HOST'],
    isRoot: process.getuid?.() === 0,
  });
  if (lack !== undefined) throw new SetupError(lack);
  // `su` keeps a PATH in which Debian's daemons are not.
  process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  if (!attempt('dockerd', '--version').ok || !attempt('docker', '--version').ok) await install();
  // Installing may have started it, where an init system runs.
  if (!daemonAnswers()) await step('Starting the Docker daemon in the background', '2 s', startDaemon);
}

/** What there is where no daemon answers. */
export interface NoDocker {
  /** What the docker command said about it. */
  readonly said: string;
  readonly hasCommand: boolean;
  /** DOCKER_HOST. */
  readonly host: string | undefined;
  readonly isRoot: boolean;
}

/** One sentence about what is missing and how to get it, unless root may install and start it. */
export function lackOfDocker({ said, hasCommand, host, isRoot }: NoDocker): string | undefined {
  if (!hasCommand && host !== undefined) return `DOCKER_HOST=${host} names a Docker daemon, but there is no docker command: install it.`;
  if (/permission denied/i.test(said))
    return 'Docker is there, but this user may not use it: join the group docker and log in again, or run this as root.';
  if (host !== undefined) return `No Docker daemon answers at DOCKER_HOST=${host}: start it, or unset DOCKER_HOST.`;
  if (isRoot) return undefined;
  return hasCommand
    ? 'No Docker daemon answers: start it, as with sudo systemctl start docker, or run this once as root.'
    : 'There is no Docker here: install it, or on Debian run this once as root, which installs and starts it.';
}

const askDaemon = (): Outcome => attempt('docker', 'version', '--format', '{{.Server.Version}}');
const daemonAnswers = (): boolean => askDaemon().ok;

async function install(): Promise<void> {
  if (!existsSync('/usr/bin/apt-get')) throw new SetupError('No Docker here and no apt to install it: install Docker, then try again.');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await step('Installing Docker from the distribution', '1 min', async () => {
    await run('apt-get', ['update', '-q'], { env });
    // Debian 13 ships the command line apart.
    const packages = ['docker.io', ...(attempt('apt-cache', 'show', 'docker-cli').ok ? ['docker-cli'] : [])];
    await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], { env });
  });
}

async function startDaemon(): Promise<void> {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const log = openSync(DAEMON_LOG, 'w');
  // It outlives us on purpose: the next run finds it.
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] });
  daemon.on('error', () => undefined).unref();
  const deadline = performance.now() + DAEMON_DEADLINE_MS;
  while (daemon.pid !== undefined && daemon.exitCode === null && performance.now() < deadline) {
    if (daemonAnswers()) return;
    await sleep(200);
  }
  const end = readFileSync(DAEMON_LOG, 'utf8').trimEnd().split('\n').slice(-20);
  throw new SetupError(`dockerd ${daemon.exitCode === null ? 'does not answer' : 'ended'}. The end of ${DAEMON_LOG}:\n${end.join('\n')}`);
}
