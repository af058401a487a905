import { docker } from './container.ts';
import { eventually } from './eventually.ts';
import { READY_MARK } from './realm-node.ts';
import type { Realm, RealmNode } from './realm.ts';

/** How long a node may take to be Ready again. */
const BACK_WITHIN_MS = 90_000;

/** Stops all of a node's programs where they are, as a machine that hangs; returns how they go on. */
export async function pause({ container }: RealmNode): Promise<() => Promise<void>> {
  const handle = (await docker()).getContainer(container.getId());
  await handle.pause();
  return async () => void (await handle.unpause());
}

/** Ends a node at once, as a power cut does; returns how it is started again, which resolves once it is Ready. */
export async function kill(node: RealmNode): Promise<() => Promise<void>> {
  const handle = (await docker()).getContainer(node.container.getId());
  await handle.kill();
  return async () => {
    await handle.start();
    await untilReady(node);
  };
}

/** Ends a node's programs in order and starts it again, and resolves once it is Ready. */
export async function restart(node: RealmNode): Promise<void> {
  await (await docker()).getContainer(node.container.getId()).restart({ t: 20 });
  await untilReady(node);
}

async function untilReady(node: RealmNode): Promise<void> {
  await eventually(() => node.exec('test', '-f', READY_MARK), { withinMs: BACK_WITHIN_MS, everyMs: 200 });
}

/** Cuts two nodes of a realm off from each other, Pods of theirs included; returns how that is mended. */
export async function partition({ nodes }: Realm, a: RealmNode, b: RealmNode): Promise<() => Promise<void>> {
  const rules = [a, b].flatMap((node) => {
    const other = node === a ? b : a;
    const ranges = [`${other.address}/32`, podRangeOf(nodes, other)];
    return ranges.map((range) => ({ node, rule: ['-s', range, '-j', 'DROP'] }));
  });
  // In a table of its own: neither kube-proxy nor whoever enforces policies looks at it.
  const command = (action: '-I' | '-D', rule: readonly string[]) => ['iptables', '-w', '-t', 'raw', action, 'PREROUTING', ...rule];
  await Promise.all(rules.map(({ node, rule }) => node.exec(...command('-I', rule))));
  const mend = async ({ node, rule }: (typeof rules)[number]): Promise<void> => {
    const { exitCode, output } = await node.container.exec(command('-D', rule));
    // A node that was restarted meanwhile has no rules any more.
    if (exitCode > NO_SUCH_RULE) throw new Error(`${node.name} is still cut off: ${output.trim()}`);
  };
  return async () => void (await Promise.all(rules.map(mend)));
}

/** What iptables ends with when it finds none to delete; what is worse has higher numbers. */
const NO_SUCH_RULE = 1;

/** Nodes have a block of addresses each, in their order. */
function podRangeOf(nodes: Realm['nodes'], node: RealmNode): string {
  return node.address.replace(/^(10\.\d+)\..*$/, `$1.${nodes.indexOf(node)}.0/24`);
}
