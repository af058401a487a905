import { GenericContainer, PullPolicy, type StartedTestContainer, Wait } from 'testcontainers';
import { NODE_DEVICES } from '../../hack/testbed/machine.ts';
import type { RealmTestbed } from '../../hack/testbed/testbed.ts';
import type { RealmNetwork } from './realm-network.ts';

/** How long a node may take to boot, for the first time or again. */
export const BOOT_DEADLINE_MS = 180_000;
/** What a node prints once it takes Pods and enforces policies. */
const READY_LINE = 'node ready';

/** What is on a node from then on, and not after a restart until then. */
export const READY_MARK = '/run/realm-ready';

/** What is to become a node. */
export interface NodePlan {
  readonly name: string;
  readonly index: number;
  /** All nodes of the realm, this one among them, the control plane first. */
  readonly all: readonly string[];
  readonly network: RealmNetwork;
  readonly testbed: RealmTestbed;
  readonly workDir: string;
  readonly labels: Record<string, string>;
}

/** Starts a node and returns when it is Ready. */
export function startNode(plan: NodePlan): Promise<StartedTestContainer> {
  return new NodeContainer(plan).start();
}

/** A container that may do what a node must. `--privileged` asks for more than some machines can give: see docs/testbed.md. */
class NodeContainer extends GenericContainer {
  constructor({ name, index, all, network, testbed, workDir, labels }: NodePlan) {
    super(testbed.image);
    const { address } = network.node(index);
    const members = all.map((member, at) => {
      const { address: ip, podRange } = network.node(at);
      return `--member=${member}=${ip}=${podRange}`;
    });
    this.withName(name)
      .withHostname(name)
      .withPullPolicy(PullPolicy.neverPull())
      .withAddedCapabilities('ALL')
      .withDroppedCapabilities('SYS_RESOURCE')
      .withSecurityOpt('seccomp=unconfined', 'apparmor=unconfined')
      .withNetworkMode(network.name)
      .withTmpFs({ '/run': 'exec' })
      .withBindMounts([
        { source: workDir, target: '/work', mode: 'rw' },
        ...Object.entries(testbed.mounts).map(([target, source]) => ({ source, target, mode: 'ro' as const })),
      ])
      .withCommand([`--name=${name}`, ...members, `--cluster-range=${network.podRange}`, `--gateway=${network.gateway}`])
      .withLabels(labels)
      .withWaitStrategy(Wait.forLogMessage(READY_LINE))
      .withStartupTimeout(BOOT_DEADLINE_MS);
    Object.assign(this.hostConfig, {
      // Over the API, what the command line calls systempaths=unconfined.
      MaskedPaths: [],
      ReadonlyPaths: [],
      CgroupnsMode: 'private',
      DeviceCgroupRules: ['a *:* rwm'],
      Devices: NODE_DEVICES.map((path) => ({ PathOnHost: path, PathInContainer: path, CgroupPermissions: 'rwm' })),
      Mounts: [
        // Volumes of Pods, the same on every node of the realm.
        { Type: 'volume', Source: network.name, Target: '/volumes', VolumeOptions: { Labels: labels } },
        // The image asks for it, but without a label: where somebody removes the container by hand, nobody would find it again.
        { Type: 'volume', Target: '/var', VolumeOptions: { Labels: labels } },
      ],
    });
    this.createOpts.NetworkingConfig = { EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: address } } } };
  }
}
