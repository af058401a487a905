import { ONE, amountsOf, greatest, plus, type Amounts } from './amounts.ts';
import type { Quantity } from '../controllers/runtime/quantity.ts';
import { isRecord, items, member, text } from '../api/meta/untrusted.ts';

/** What containers of a namespace get that say nothing, as its LimitRange has it. */
export interface Defaults {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** What a Pod takes of a quota. Of one that Kubernetes is resizing in vain this can't be told. */
export function podUsage(pod: unknown): Amounts | undefined {
  if (isStuck(pod)) return undefined;
  const statuses = ['containerStatuses', 'initContainerStatuses'].flatMap((list) => items(member(pod, 'status', list)));
  const running = new Map(statuses.map((status) => [text(member(status, 'name')), status]));
  // Names are unique, so a status belongs to one container: for a thousand of one name it would be read a thousand times.
  const takeStatus = (container: unknown): unknown => {
    const name = text(member(container, 'name'));
    const status = running.get(name);
    running.delete(name);
    return status;
  };
  // An init container that ends is not resized.
  return usageOf(member(pod, 'spec'), (container, role) =>
    role === 'passing' ? amountsIn(container) : askedOrHeld(container, takeStatus(container)),
  );
}

/** What a Pod of a template would take, once the namespace has filled in what its containers leave out. Where it speaks for itself as a whole, that can't be told. */
export const templateUsage = (template: unknown, defaults: Defaults): Amounts | undefined =>
  member(template, 'spec', 'resources') === undefined
    ? usageOf(member(template, 'spec'), (container) => filledIn(amountsIn(container), defaults))
    : undefined;

/** A container that stays, an init container that stays beside it, or one that ends before the next begins. */
type Role = 'container' | 'sidecar' | 'passing';

/** What containers and their sidecars take together, or an init container at its turn if that is more; then the Pod's own word and its overhead. */
function usageOf(spec: unknown, of: (container: unknown, role: Role) => Defaults): Amounts {
  const [asked, bounded] = [createTally(), createTally()];
  for (const list of ['containers', 'initContainers'] as const)
    for (const container of items(member(spec, list))) {
      const role = list === 'containers' ? 'container' : isSidecar(container) ? 'sidecar' : 'passing';
      const { requests, limits } = of(container, role);
      asked.add(role, requests);
      bounded.add(role, limits);
    }
  const taken = { requests: asked.total(), limits: bounded.total() };
  const own = amountsIn(spec);
  const overhead = amountsOf(member(spec, 'overhead'));
  const requests = plus(overridden(taken.requests, own.requests), overhead);
  const limits = overridden(taken.limits, own.limits);
  // Overhead is added to a limit only where there is one.
  const limitsInAll = plus(limits, new Map([...overhead].filter(([name]) => (limits.get(name) ?? 0n) > 0n)));
  return new Map([
    ['pods', ONE],
    ['count/pods', ONE],
    ...[...requests].flatMap(([name, amount]) => keysOfRequest(name).map((key) => [key, amount] as const)),
    ...[...limitsInAll].filter(([name]) => LIMITED.has(name)).map(([name, amount]) => [`limits.${name}`, amount] as const),
  ]);
}

/** Adds up what containers take, in the order in which they start: name by name, so that no sum is gone through anew for each of them. */
function createTally(): { add(role: Role, amounts: Amounts): void; total(): Amounts } {
  const [all, sidecars, peak] = [new Map<string, Quantity>(), new Map<string, Quantity>(), new Map<string, Quantity>()];
  const plusOne = (sum: Map<string, Quantity>, name: string, amount: Quantity): void => void sum.set(name, (sum.get(name) ?? 0n) + amount);
  return {
    add(role, amounts) {
      for (const [name, amount] of amounts) {
        const [atItsTurn, before] = [(sidecars.get(name) ?? 0n) + amount, peak.get(name)];
        if (role !== 'passing') plusOne(all, name, amount);
        if (role === 'sidecar') plusOne(sidecars, name, amount);
        if (role !== 'container' && (before === undefined || atItsTurn > before)) peak.set(name, atItsTurn);
      }
    },
    total: () => greatest(all, peak),
  };
}

const isSidecar = (container: unknown): boolean => member(container, 'restartPolicy') === 'Always';

/** What may be said for the Pod as a whole instead of by container. */
const overridden = (containers: Amounts, own: Amounts): Amounts =>
  new Map([...containers, ...[...own].filter(([name]) => name === 'cpu' || name === 'memory' || name.startsWith(HUGE))]);

const HUGE = 'hugepages-';
const LIMITED = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** The keys of a quota that count a request: Kubernetes' own by two names, others' by one. */
function keysOfRequest(name: string): readonly string[] {
  if (LIMITED.has(name) || name.startsWith(HUGE)) return [name, `requests.${name}`];
  const isForeign = name.includes('/') && !name.includes('kubernetes.io/');
  return isForeign || name.startsWith(DEVICES) ? [`requests.${name}`] : [];
}
const DEVICES = 'deviceclass.resource.kubernetes.io/';

const amountsIn = (container: unknown): Defaults => ({
  requests: amountsOf(member(container, 'resources', 'requests')),
  limits: amountsOf(member(container, 'resources', 'limits')),
});

/** While a container is resized it counts with what it asks for or what it still holds, whichever is more. */
function askedOrHeld(container: unknown, status: unknown): Defaults {
  const asked = amountsIn(container);
  if (!isRecord(member(status, 'resources'))) return asked;
  const held = amountsIn(status);
  return {
    requests: greatest(greatest(asked.requests, held.requests), amountsOf(member(status, 'allocatedResources'))),
    limits: greatest(asked.limits, held.limits),
  };
}

/** A request that is not made is as large as the limit, if there is one: only then does the namespace have a word. */
const filledIn = ({ requests, limits }: Defaults, defaults: Defaults): Defaults => ({
  requests: new Map([...defaults.requests, ...limits, ...requests]),
  limits: new Map([...defaults.limits, ...limits]),
});

const isStuck = (pod: unknown): boolean =>
  items(member(pod, 'status', 'conditions')).some(
    (condition) => member(condition, 'type') === 'PodResizePending' && member(condition, 'reason') === 'Infeasible',
  );
