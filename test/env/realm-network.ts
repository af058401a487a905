import { readFileSync } from 'node:fs';
import { SetupError } from '../../hack/testbed/steps.ts';
import { docker } from './container.ts';

/** The addresses of one realm: nodes and the way out in the last block, Pods in the first half, a block for each node. */
export interface RealmNetwork {
  readonly name: string;
  readonly gateway: string;
  readonly podRange: string;
  readonly node: (index: number) => { readonly address: string; readonly podRange: string };
}

/** Ranges that a realm may have: 10.100.0.0/16 to 10.199.0.0/16. */
const FIRST = 100;
const COUNT = 100;

/** What this machine knows ways to, as the kernel tells. */
const routesHere = (): string => readFileSync('/proc/net/route', 'utf8');

/**
 * Creates a network that no packet leaves, in a range that nobody uses here. Pods have addresses of the same range as their
 * nodes: what crosses Docker's bridge from any other is dropped.
 */
export async function createRealmNetwork(name: string, labels: Record<string, string>, routes = routesHere): Promise<RealmNetwork> {
  const client = await docker();
  const offset = Math.floor(Math.random() * COUNT);
  for (let tried = 0; tried < COUNT; tried++) {
    const second = FIRST + ((offset + tried) % COUNT);
    if (isTaken(second, routes())) continue;
    const range = `10.${second}`;
    const Config = [{ Subnet: `${range}.0.0/16`, IPRange: `${range}.255.0/24`, Gateway: `${range}.255.1` }];
    const created = await client.createNetwork({ Name: name, Internal: true, Labels: labels, IPAM: { Driver: 'default', Config } }).then(
      () => true,
      (error: unknown) => {
        if (!/overlaps/.test(String(error))) throw error;
        return false;
      },
    );
    if (created) return networkOf(name, range);
  }
  throw new SetupError(
    `All ranges from 10.${FIRST}.0.0/16 to 10.${FIRST + COUNT - 1}.0.0/16 are in use on this machine: free one of them, see docker network ls and ip route.`,
  );
}

const networkOf = (name: string, range: string): RealmNetwork => ({
  name,
  gateway: `${range}.255.1`,
  podRange: `${range}.0.0/17`,
  node: (index) => ({ address: `${range}.255.${index + 2}`, podRange: `${range}.${index}.0/24` }),
});

/** Docker looks at its own networks only; others have routes here, too. */
export function isTaken(second: number, routes: string): boolean {
  const range = (10 << 24) | (second << 16);
  const lines = routes.trim().split('\n').slice(1);
  return lines.some((line) => {
    const [, destination = '', , , , , , mask = ''] = line.split('\t');
    const wide = fromHex(mask) & (0xffff << 16);
    // The default way leads everywhere, and so means nothing; some VPNs write it as two halves.
    const isEverywhere = wide === 0 || wide === 1 << 31;
    return !isEverywhere && (fromHex(destination) & wide) === (range & wide);
  });
}

/** The kernel writes addresses with their last byte first. */
const fromHex = (text: string): number => Buffer.from(text, 'hex').readInt32LE();
