import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const GRACE_MS = 10_000;

/** A program of ours that outlives the command that starts it, known by a file with its pid. */
export interface Background {
  readonly pidFile: string;
  readonly log: string;
  /** The start of its command line, which tells it from a stranger that got its pid later. */
  readonly command: readonly [program: string, ...args: string[]];
}

/** Starts the program; the promise resolves with how it ended, should it end while we are still here. */
export function startInBackground({ pidFile, log, command }: Background, more: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const output = openSync(log, 'w');
  const [program, ...args] = command;
  const child = spawn(program, [...args, ...more], { env, detached: true, stdio: ['ignore', output, output] });
  if (child.pid !== undefined) writeFileSync(pidFile, String(child.pid));
  child.unref();
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message)).on('exit', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
  });
}

/** Ends the program if it still runs, politely at first, and says whether it did. */
export async function stopInBackground({ pidFile, command }: Background): Promise<boolean> {
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
  const found = runs(pid, command);
  if (found) {
    process.kill(pid, 'SIGTERM');
    for (const deadline = performance.now() + GRACE_MS; runs(pid, command) && performance.now() < deadline;) await sleep(50);
    if (runs(pid, command)) process.kill(pid, 'SIGKILL');
  }
  rmSync(pidFile, { force: true });
  return found;
}

function runs(pid: number, command: readonly string[]): boolean {
  try {
    // Empty for one that has ended and is not collected yet.
    return pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(command.join('\0'));
  } catch {
    return false;
  }
}
