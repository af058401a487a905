import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { HYPER } from '../../hack/testbed/hyper.ts';

/** What Flux would make of an object. */
export interface FluxStatus {
  readonly status: 'InProgress' | 'Failed' | 'Current' | 'Terminating' | 'NotFound' | 'Unknown';
  readonly message: string;
  readonly reason?: string;
}

type Answer = FluxStatus & { readonly error?: string };

interface Judge {
  readonly child: ChildProcessWithoutNullStreams;
  readonly waiting: PromiseWithResolvers<FluxStatus>[];
}

let judge: Judge | undefined;

/** Judges an object by the very library that Flux waits with (cli-utils' kstatus), run in a child process that the first call starts. */
export function fluxStatus(object: unknown): Promise<FluxStatus> {
  judge ??= startJudge();
  const answer = Promise.withResolvers<FluxStatus>();
  judge.waiting.push(answer);
  judge.child.stdin.write(`${JSON.stringify(object)}\n`);
  return answer.promise;
}

/** Ends the child process, if there is one. */
export function stopFluxStatus(): void {
  judge?.child.stdin.end();
  judge = undefined;
}

function startJudge(): Judge {
  const child = spawn(HYPER, ['kstatus'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const started: Judge = { child, waiting: [] };
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { error, ...status } = JSON.parse(line) as Answer;
    const next = started.waiting.shift();
    if (error === undefined) next?.resolve(status);
    else next?.reject(new Error(`kstatus refuses the object: ${error}`));
  });
  const ended = (why: string): void => {
    if (judge === started) judge = undefined;
    for (const { reject } of started.waiting.splice(0)) reject(new Error(`hyper kstatus ended: ${why} ${said.trim()}`));
  };
  child.stdin.on('error', () => undefined);
  child.on('error', ({ message }) => ended(message)).on('close', (code) => ended(`exit code ${code}`));
  return started;
}
