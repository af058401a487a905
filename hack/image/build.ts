/** Builds the operator's image; base images that cannot be pulled are replaced by stand-ins made from this machine. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensureDocker } from '../testbed/docker.ts';
import { attempt, SetupError } from '../testbed/steps.ts';
import { findBase, makeBase } from './base.ts';

/** A registry that does not answer within this time is taken for unreachable. */
const PULL_TIMEOUT_MS = 180_000;

interface Base {
  readonly image: string;
  readonly standIn: boolean;
}

const { values } = parseArgs({
  options: {
    img: { type: 'string', default: 'keystone-operator:dev' },
    builder: { type: 'string', default: '' },
    runtime: { type: 'string', default: '' },
  },
});

try {
  await ensureDocker();
  build(values.img, baseFor('BUILDER', values.builder), baseFor('RUNTIME', values.runtime));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function build(image: string, builder: Base, runtime: Base): void {
  console.log(`• Building ${image} on ${builder.image} and ${runtime.image}`);
  const args = ['build', '--tag', image, '--build-arg', `BUILDER=${builder.image}`, '--build-arg', `RUNTIME=${runtime.image}`];
  // A machine that pulls no images often has its own way to packages as well: the build goes that way, too.
  if (builder.standIn) args.push('--network', 'host', '--build-arg', `npm_config_registry=${output('npm', 'config', 'get', 'registry')}`);
  const { status } = spawnSync('docker', [...args, '.'], { stdio: 'inherit' });
  if (status !== 0) throw new SetupError(`${image} was not built`);
  const bytes = Number(output('docker', 'image', 'inspect', '--format', '{{.Size}}', image));
  console.log(`✓ ${image}  ${(bytes / 1e6).toFixed(0)} MB`);
}

function baseFor(argument: 'BUILDER' | 'RUNTIME', wanted: string): Base {
  if (wanted !== '') return { image: wanted, standIn: false };
  const image = defaultOf(argument);
  if (attempt('docker', 'image', 'inspect', image).ok) return { image, standIn: false };
  const stage = argument === 'BUILDER' ? 'builder' : 'runtime';
  // Where it could not be pulled last time, asking again may take minutes each time.
  const made = findBase(stage);
  if (made !== undefined) {
    console.log(`• ${image} could not be pulled before: going on with its stand-in; docker rmi ${made} to try again`);
    return { image: made, standIn: true };
  }
  console.log(`• Pulling ${image}`);
  if (spawnSync('docker', ['pull', '--quiet', image], { stdio: 'ignore', timeout: PULL_TIMEOUT_MS }).status === 0)
    return { image, standIn: false };
  console.log('  cannot be pulled: making a stand-in from this machine');
  return { image: makeBase(stage), standIn: true };
}

function defaultOf(argument: string): string {
  const image = new RegExp(`^ARG ${argument}=(?<image>\\S+)$`, 'm').exec(readFileSync('Dockerfile', 'utf8'))?.groups?.['image'];
  if (image === undefined) throw new SetupError(`The Dockerfile has no default for ${argument}`);
  return image;
}

function output(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new SetupError(`${command} ${args.join(' ')}: ${stderr.trim()}`);
  return stdout.trim();
}
