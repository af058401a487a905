import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/** The project's root folder. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** A failure that the person at the terminal can repair: the message says how. */
export class SetupError extends Error {
  override name = 'SetupError';
}

/** Says what is being done and how long that usually takes, does it, and says how long it took. */
export async function step<T>(what: string, usually: string, work: () => Promise<T> | T): Promise<T> {
  console.log(`• ${what} (usually ${usually})`);
  const started = performance.now();
  const result = await work();
  console.log(`  done in ${seconds(started)}`);
  return result;
}

/** Time since a moment of performance.now(), for people. */
export function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/** What a finished program said. */
export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a short program to its end and keeps what it prints; a missing program counts as failed. */
export function attempt(program: string, ...args: readonly string[]): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 });
  return { ok: status === 0, output: error?.message ?? `${stdout}${stderr}`.trim() };
}

/** Where and how a long program runs, and who listens to its lines. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly onLine?: (line: string) => void;
}

/** Runs a long program to its end, without a word unless it fails; then its last lines are the error. */
export function run(program: string, args: readonly string[], { cwd = ROOT, env = {}, stdin, onLine }: RunOptions = {}): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    // It may end before it has read everything.
    child.stdin.on('error', () => undefined).end(stdin);
    const last: string[] = [];
    const listen = (chunk: Buffer): void => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        onLine?.(line);
        if (last.push(line) > 20) last.shift();
      }
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    const heed = endWithUs(child);
    child.on('error', (error) => fail(new SetupError(`cannot run ${program}: ${error.message}`)));
    child.on('close', (code) => {
      heed();
      if (code === 0) done();
      else fail(new SetupError(`${program} ${args[0] ?? ''} failed:\n${last.join('\n')}`));
    });
  });
}

/** Who terminates us means what we run, too; a terminal interrupts both. What it returns is called once the child has ended. */
function endWithUs(child: ChildProcess): () => void {
  let isTerminated = false;
  const terminate = (): void => {
    isTerminated = true;
    child.kill('SIGTERM');
  };
  process.on('SIGTERM', terminate);
  return () => {
    process.off('SIGTERM', terminate);
    // As if we had not listened, unless others do.
    if (isTerminated && process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
  };
}
