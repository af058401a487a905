import { join } from 'node:path';
import { GenericContainer, PullPolicy, type StartedTestContainer, Wait } from 'testcontainers';
import { prepareTestbed } from '../../hack/testbed/testbed.ts';
import { type Access, connect, readAccess } from './api.ts';
import { claimName, removeLeftovers } from './belongings.ts';
import { createInternalNetwork } from './container.ts';
import { eventually } from './eventually.ts';
import { tails } from './logs.ts';

const BOOT_DEADLINE_MS = 120_000;
/** What the supervisor in the container prints once a client may come. */
const READY_LINE = 'control plane ready';
/** Services may have addresses of both families: a guest could choose the second one. There is nobody to route either. */
const DUAL_STACK = '--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112';

/** The programs of a control plane. */
export type Program = 'etcd' | 'kube-apiserver' | 'kube-controller-manager';

/** What a test may want different. */
export interface ControlPlaneOptions {
  /** More flags for kube-apiserver, e.g. `--etcd-compaction-interval=10s`. */
  readonly apiServerArgs?: readonly string[];
}

/** A real etcd, kube-apiserver and kube-controller-manager in one container, reached from this machine only. */
export interface ControlPlane extends Access {
  readonly kubeconfigPath: string;
  /** Holds admin.conf, audit.log and the programs' logs. */
  readonly workDir: string;
  readonly auditLog: string;
  /** Kills, pauses or continues one program; a killed one is started again at once. */
  readonly signal: (program: Program, signal: 'KILL' | 'STOP' | 'CONT' | 'TERM') => Promise<void>;
  /** Forgets all history: lists and watches at any older resourceVersion answer 410. Restarts the API server, whose cache remembers too. */
  readonly compact: () => Promise<void>;
  /** Resolves once the API server says it is ready. */
  readonly ready: (withinMs?: number) => Promise<void>;
  /** Removes the container, its network and its folder. */
  readonly stop: () => Promise<void>;
}

/** Starts a control plane, building what is missing for it, and returns when it serves and pods could be created in `default`. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { image } = await prepareTestbed();
  await removeLeftovers();
  const { name, folder: workDir, labels, end: stop } = claimName('keystone-test');
  try {
    await createInternalNetwork(name, labels);
    const container = await describe(image, name, workDir, options).withLabels(labels).start();
    return handle(container, workDir, stop);
  } catch (error) {
    const logs = tails(join(workDir, 'logs'));
    await stop();
    throw new Error(`the control plane did not start: ${error instanceof Error ? error.message : String(error)}\n${logs}`, {
      cause: error,
    });
  }
}

function describe(image: string, name: string, workDir: string, { apiServerArgs = [] }: ControlPlaneOptions): GenericContainer {
  return new GenericContainer(image)
    .withName(name)
    .withNetworkMode(name)
    .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
    .withPullPolicy(PullPolicy.neverPull())
    .withBindMounts([{ source: workDir, target: '/work', mode: 'rw' }])
    .withEnvironment({ GOGC: '400' })
    .withCommand(['control-plane', ...[DUAL_STACK, ...apiServerArgs].map((flag) => `--apiserver-arg=${flag}`)])
    .withWaitStrategy(Wait.forLogMessage(READY_LINE))
    .withStartupTimeout(BOOT_DEADLINE_MS);
}

function handle(container: StartedTestContainer, workDir: string, stop: () => Promise<void>): ControlPlane {
  const kubeconfigPath = join(workDir, 'admin.conf');
  const access = readAccess(kubeconfigPath);
  const hyper = async (...args: readonly string[]): Promise<void> => {
    const { exitCode, output } = await container.exec(['/hyper', ...args]);
    if (exitCode !== 0) throw new Error(`hyper ${args.join(' ')}: ${output.trim()}`);
  };
  const ready = (withinMs = 120_000): Promise<void> => untilReady(access, withinMs);
  return {
    ...access,
    kubeconfigPath,
    workDir,
    auditLog: join(workDir, 'audit.log'),
    signal: (program, signal) => hyper('signal', program, signal),
    compact: async () => {
      await hyper('compact');
      await hyper('signal', 'kube-apiserver', 'KILL');
      await ready();
    },
    ready,
    stop,
  };
}

/** A fresh connection each time: one to a killed API server would hang in the pool. */
async function untilReady(access: Access, withinMs: number): Promise<void> {
  await eventually(
    async () => {
      const api = connect(access);
      try {
        const { status, body } = await api.call('GET', '/readyz', { timeoutMs: 2_000 });
        if (status !== 200) throw new Error(`/readyz says ${status} ${JSON.stringify(body)}`);
      } finally {
        await api.close();
      }
    },
    { withinMs, everyMs: 100 },
  );
}
