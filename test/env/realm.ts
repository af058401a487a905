import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartedTestContainer } from 'testcontainers';
import { SetupError } from '../../hack/testbed/steps.ts';
import { prepareRealms } from '../../hack/testbed/testbed.ts';
import { type Access, readAccess } from './api.ts';
import { keptFor, ownedByThisProcess, removeAtExit, removeBelongings, removeLeftovers } from './belongings.ts';
import type { KubectlOptions } from './kubectl.ts';
import { tails } from './logs.ts';
import { must } from './operator.ts';
import { createRealmNetwork } from './realm-network.ts';
import { startNode } from './realm-node.ts';

/** What a test may want different. */
export interface RealmOptions {
  /** Part of the names of its containers; realms of the same name get along. */
  readonly name?: string;
  readonly nodes?: number;
  /** A realm with a folder of its own outlives this process, and has exactly the name; whoever knows the folder removes it. */
  readonly keepIn?: string;
}

/** One machine of a realm. */
export interface RealmNode {
  readonly name: string;
  readonly address: string;
  readonly container: StartedTestContainer;
  /** Runs a program on the node; anything but success is an error that tells what it said. */
  readonly exec: (...command: readonly string[]) => Promise<string>;
}

/** A real cluster: control plane, kubelets, network policies, DNS, volumes and a registry, reached from this machine only. */
export interface Realm extends Access {
  readonly name: string;
  readonly kubeconfigPath: string;
  readonly workDir: string;
  /** The first one has the control plane. */
  readonly nodes: readonly [RealmNode, ...RealmNode[]];
  /** Runs kubectl as the administrator; anything but success is an error that tells what it said. */
  readonly kubectl: (args: readonly string[], options?: KubectlOptions) => Promise<string>;
  /** Applies objects server-side. */
  readonly apply: (...objects: readonly object[]) => Promise<string>;
  /** Removes containers, network, volumes and folder. */
  readonly stop: () => Promise<void>;
}

/** Starts a realm, building what is missing for it, and returns when its nodes are Ready and enforce policies. */
export async function startRealm(options: RealmOptions = {}): Promise<Realm> {
  const testbed = await prepareRealms();
  await removeLeftovers();
  const { name, workDir, labels, isKept } = placeOf(options);
  const names = Array.from({ length: Math.max(1, options.nodes ?? 1) }, (_, index) => (index === 0 ? name : `${name}-${index + 1}`));
  const forgetExit = removeAtExit(workDir);
  const stop = async (): Promise<void> => {
    await removeBelongings(workDir);
    forgetExit();
  };
  let begun: readonly Promise<RealmNode>[] = [];
  try {
    // Ours, so that whoever made them may also remove what a node writes there as root.
    for (const node of names) mkdirSync(join(workDir, 'nodes', node, 'logs'), { recursive: true });
    const network = await createRealmNetwork(name, labels);
    begun = names.map(async (node, index) => {
      const container = await startNode({ name: node, index, all: names, network, testbed, workDir, labels });
      return nodeOf(container, node, network.node(index).address);
    });
    const nodes = await Promise.all(begun);
    if (isKept) forgetExit();
    return handle(name, workDir, nodes, stop);
  } catch (error) {
    const logs = tails(join(workDir, 'nodes'));
    // What is still being made can't be removed; without its network or others it won't take long, and `stop` removes what is left.
    await removeBelongings(workDir).catch(() => undefined);
    await Promise.allSettled(begun);
    await stop();
    if (error instanceof SetupError) throw error;
    throw new Error(`the realm ${name} did not start: ${error instanceof Error ? error.message : String(error)}\n${logs}`, {
      cause: error,
    });
  }
}

/** Under which name a realm is, where its files are, and by which labels it is found if nobody removes it. */
function placeOf({ name: base = 'realm', keepIn }: RealmOptions) {
  if (keepIn !== undefined) return { name: base, workDir: keepIn, labels: keptFor(keepIn), isKept: true };
  const name = `keystone-${base}-${randomUUID().slice(0, 8)}`;
  const workDir = mkdtempSync(join(tmpdir(), `${name}-`));
  return { name, workDir, labels: ownedByThisProcess(workDir), isKept: false };
}

function nodeOf(container: StartedTestContainer, name: string, address: string): RealmNode {
  return {
    name,
    address,
    container,
    exec: async (...command) => {
      const { exitCode, output } = await container.exec([...command]);
      if (exitCode !== 0) throw new Error(`${command.join(' ')} on ${name} ended with ${exitCode}: ${output.trim()}`);
      return output;
    },
  };
}

function handle(name: string, workDir: string, [first, ...more]: readonly RealmNode[], stop: () => Promise<void>): Realm {
  if (first === undefined) throw new Error('a realm has at least one node');
  const kubeconfigPath = join(workDir, 'admin.conf');
  const run = (args: readonly string[], options?: KubectlOptions): Promise<string> => must({ kubeconfigPath }, args, options);
  return {
    ...readAccess(kubeconfigPath),
    name,
    kubeconfigPath,
    workDir,
    nodes: [first, ...more],
    kubectl: run,
    apply: (...items) =>
      run(['apply', '--server-side', '--filename', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) }),
    stop,
  };
}
