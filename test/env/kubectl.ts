import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { KUBECTL } from '../../hack/testbed/hyper.ts';

/** What kubectl said and how it ended; 124 means that it did not end in time. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What goes along with the arguments. */
export interface KubectlOptions {
  readonly stdin?: string;
  readonly withinMs?: number;
}

/** Runs kubectl as the user of a kubeconfig and never fails by itself: the caller judges the code. */
export function kubectl(kubeconfigPath: string, args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
  const { stdin = '', withinMs = 120_000 } = options;
  const child = spawn(KUBECTL, args, { env: environment(kubeconfigPath), stdio: ['pipe', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  // kubectl may end before it has read everything.
  child.stdin.on('error', () => undefined).end(stdin);
  const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 124, ...output });
    });
  });
}

/** Control planes come and go under the same address, so each has its own discovery cache; a web proxy can reach none of them. */
function environment(kubeconfigPath: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    KUBECONFIG: kubeconfigPath,
    KUBECACHEDIR: join(dirname(kubeconfigPath), 'kubectl-cache'),
  };
}
