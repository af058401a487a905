import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, ROOT, run, seconds, SetupError, step } from './steps.ts';

/** The control plane, kubectl and our test tools in one file. */
export const HYPER = join(ROOT, 'bin/hyper');
/** kubectl built from the same source as the control plane. */
export const KUBECTL = join(ROOT, 'bin/kubectl');

const SOURCE = join(import.meta.dirname, 'hyper');
/** About how many packages a cold build compiles. */
const PACKAGES = 2_700;
const STAMP = join(ROOT, 'bin/.hyper-inputs');

/** Builds bin/hyper and bin/kubectl unless they stand for these very sources, and returns what identifies the sources. */
export async function ensureHyper(): Promise<string> {
  const flags = buildFlags();
  const inputs = hashOfInputs(flags);
  if (!existsSync(HYPER) || !existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== inputs) {
    if (!attempt('go', 'version').ok) throw new SetupError('Go is missing: install Go 1.21 or later (it fetches the version we need).');
    await step('Building etcd, kube-apiserver, kube-controller-manager and kubectl', '5–9 min the first time, 20 s after an edit', () =>
      build(flags),
    );
    writeFileSync(STAMP, inputs);
  }
  linkKubectl();
  return inputs;
}

/** Without the version flags every part would say v0.0.0, and the checks for skew between versions would mislead. */
function buildFlags(): readonly string[] {
  const [, version = '', major = '', minor = ''] =
    /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\d+)/.exec(readFileSync(join(SOURCE, 'go.mod'), 'utf8')) ?? [];
  const set = (variable: string, value: string): string => `-X k8s.io/${variable}=${value}`;
  const variables = [
    set('component-base/version.gitVersion', version),
    set('component-base/version.gitMajor', major),
    set('component-base/version.gitMinor', minor),
    set('client-go/pkg/version.gitVersion', version),
  ];
  // Debug data would be stripped at the end: not writing it at all makes the compiler quicker.
  const lean = ['-gcflags=all=-dwarf=false', '-tags', 'osusergo,netgo,providerless'];
  return ['-trimpath', '-buildvcs=false', ...lean, '-ldflags', ['-s', '-w', ...variables].join(' ')];
}

function hashOfInputs(flags: readonly string[]): string {
  const hash = createHash('sha256').update(flags.join('\n'));
  for (const name of readdirSync(SOURCE).sort()) hash.update(`\n${name}\n`).update(readFileSync(join(SOURCE, name)));
  return hash.digest('hex').slice(0, 12);
}

async function build(flags: readonly string[]): Promise<void> {
  mkdirSync(join(ROOT, 'bin'), { recursive: true });
  const started = performance.now();
  // Another test process may build at the same time.
  const output = `${HYPER}.${process.pid}`;
  const seen = { modules: 0, packages: 0 };
  const progress = setInterval(() => {
    console.log(`  … ${seen.modules} modules fetched, ${seen.packages} of ${PACKAGES} packages compiled after ${seconds(started)}`);
  }, 15_000);
  try {
    await run('go', ['build', '-v', ...flags, '-o', output, '.'], {
      cwd: SOURCE,
      // 2 700 packages compile a quarter faster when the compiler collects less garbage; the limit keeps a small machine alive.
      env: { CGO_ENABLED: '0', GOGC: '400', GOMEMLIMIT: '3GiB' },
      onLine: (line) => {
        seen[line.startsWith('go: downloading') ? 'modules' : 'packages'] += 1;
      },
    });
  } finally {
    clearInterval(progress);
  }
  // A running kubectl or kstatus keeps its old file.
  renameSync(output, HYPER);
}

function linkKubectl(): void {
  if (existsSync(KUBECTL)) return;
  rmSync(KUBECTL, { force: true });
  symlinkSync('hyper', KUBECTL);
}
