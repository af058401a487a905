import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { GO_ENV, requireGo } from '../../hack/testbed/go-build.ts';
import { ROOT, run, step } from '../../hack/testbed/steps.ts';

const SOURCE = join(import.meta.dirname, 'peer');
/** Where the benchmark keeps what it builds and what it measures. */
export const CACHE = join(ROOT, '.cache/bench');
const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'];

/** The Go side, built once for its sources. */
export async function ensurePeer(): Promise<string> {
  const hash = createHash('sha256').update(FLAGS.join('\n'));
  for (const name of readdirSync(SOURCE).sort()) hash.update(`\n${name}\n`).update(readFileSync(join(SOURCE, name)));
  const binary = join(CACHE, `peer-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(binary)) return binary;
  requireGo();
  mkdirSync(CACHE, { recursive: true });
  await step('Building the peer on controller-runtime', '2 min the first time', async () => {
    const fresh = `${binary}.${process.pid}`;
    await run('go', ['build', ...FLAGS, '-o', fresh, '.'], { cwd: SOURCE, env: GO_ENV });
    // In one move: who comes meanwhile finds all of it or nothing.
    renameSync(fresh, binary);
  });
  return binary;
}

/** Our side, compiled as the image compiles the operator. It takes a second or two, so nothing is kept. */
export async function compileSubject(): Promise<string> {
  await run('node_modules/.bin/tsc', ['-p', 'test/bench/tsconfig.json']);
  return join(CACHE, 'dist/test/bench/subject.js');
}

/** The version of controller-runtime that the peer is built on. */
export function peerVersion(): string {
  return /controller-runtime (v\S+)/.exec(readFileSync(join(SOURCE, 'go.mod'), 'utf8'))?.[1] ?? 'unknown';
}
