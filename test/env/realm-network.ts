import { SetupError } from '../../hack/testbed/steps.ts';
import { docker } from './container.ts';
import { type Route, routesHere } from './routes.ts';

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

/**
 * Creates a network that no packet leaves, in a range that nobody uses here. Pods have addresses of the same range as their
 * nodes: what crosses Docker's bridge from any other is dropped.
 */
export async function createRealmNetwork(name: string, labels: Record<string, string>, routes = routesHere): Promise<RealmNetwork> {
  const client = await docker();
  for (const second of rangesFor(routes(), Math.floor(Math.random() * COUNT))) {
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
    `All ranges from 10.${FIRST}.0.0/16 to 10.${FIRST + COUNT - 1}.0.0/16 are in use on this machine: free one of them, see docker network ls and ip route show table all.`,
  );
}

const networkOf = (name: string, range: string): RealmNetwork => ({
  name,
  gateway: `${range}.255.1`,
  podRange: `${range}.0.0/17`,
  node: (index) => ({ address: `${range}.255.${index + 2}`, podRange: `${range}.${index}.0/24` }),
});

/**
 * The second numbers of the ranges that a realm may have, in the order in which to try them. Docker looks at its own networks only;
 * others have routes here, too. Last come ranges that only wider routes cover, as a VPN's to 10.0.0.0/8: the bridge's is closer.
 */
export function rangesFor(routes: readonly Route[], offset = 0): readonly number[] {
  const all = Array.from({ length: COUNT }, (_, index) => FIRST + ((index + offset) % COUNT));
  const reaches = ({ to, bits }: Route, second: number): boolean => {
    const shift = 32 - Math.min(bits, RANGE_BITS);
    return to >>> shift === ((10 << 24) | (second << 16)) >>> shift;
  };
  // The default way leads everywhere, and so means nothing; some VPNs write it as two halves.
  const wider = routes.filter(({ bits }) => bits > 1 && bits < RANGE_BITS);
  const close = routes.filter(({ bits }) => bits >= RANGE_BITS);
  const open = all.filter((second) => !close.some((route) => reaches(route, second)));
  const isCovered = (second: number): boolean => wider.some((route) => reaches(route, second));
  return [...open.filter((second) => !isCovered(second)), ...open.filter(isCovered)];
}

const RANGE_BITS = 16;
