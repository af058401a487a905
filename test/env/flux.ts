import { randomUUID } from 'node:crypto';
import { ensureFlux, FLUX_NAMESPACE } from '../../hack/testbed/flux.ts';
import { eventually } from './eventually.ts';
import {
  appliedObjects,
  type AppliedObject,
  type ApplyOutcome,
  type FluxCondition,
  type FluxObject,
  inventoryOf,
  mustBeHandled,
  outcomesIn,
  readyOf,
} from './flux-objects.ts';
import { type GitServer, startGitServer } from './git-server.ts';
import { loadImage } from './realm-images.ts';
import type { Realm } from './realm.ts';

/** Longer than a Kustomization waits for what it applied before it says what is missing. */
const HANDLED_WITHIN_MS = 330_000;
const STARTED_WITHIN_MS = 180_000;

/** Flux in a realm, and the Git server that it reads. */
export interface Flux {
  readonly git: GitServer;
  /** Makes Flux look at sources and Kustomizations now, one after the other, each until it is Ready again. */
  readonly reconcile: (...names: readonly string[]) => Promise<void>;
  /** What Flux says about a source or a Kustomization. */
  readonly ready: (name: string) => Promise<FluxCondition | undefined>;
  /** What a Kustomization has applied, as far as it is there. */
  readonly applied: (kustomization: string) => Promise<readonly AppliedObject[]>;
  /** What became of the objects each time that a Kustomization was applied since a moment. */
  readonly outcomesSince: (moment: Date) => Promise<readonly ApplyOutcome[]>;
}

/** Installs Flux and a Git server in a realm; they go with it. */
export async function installFlux(realm: Realm): Promise<Flux> {
  const { images, gitServer, manifests } = await ensureFlux();
  for (const image of [...images, gitServer]) await loadImage(realm, image);
  await realm.kubectl(['apply', '--server-side', '--filename', '-'], { stdin: manifests });
  const kubectl = (...args: readonly string[]): Promise<string> => realm.kubectl(['-n', FLUX_NAMESPACE, ...args]);
  const available = ['wait', '--for=condition=Available', 'deployment', '--all', `--timeout=${STARTED_WITHIN_MS}ms`];
  const [git] = await Promise.all([
    startGitServer(realm, gitServer),
    realm.kubectl(['-n', FLUX_NAMESPACE, ...available], { withinMs: STARTED_WITHIN_MS + 5_000 }),
  ]);
  const get = async (name: string): Promise<FluxObject> => JSON.parse(await kubectl('get', name, '-o', 'json')) as FluxObject;
  const reconcile = async (name: string): Promise<void> => {
    const request = randomUUID();
    // As Flux's own command line does: what kubectl writes, Flux takes for a mistake.
    await kubectl('annotate', '--overwrite', '--field-manager=flux', name, `reconcile.fluxcd.io/requestedAt=${request}`);
    await eventually(async () => mustBeHandled(await get(name), request), { withinMs: HANDLED_WITHIN_MS, everyMs: 250 });
  };
  return {
    git,
    reconcile: async (...names) => {
      for (const name of names) await reconcile(name);
    },
    ready: async (name) => readyOf(await get(name)),
    applied: async (kustomization) => {
      const inventory = inventoryOf(await get(`kustomization/${kustomization}`));
      if (inventory.items.length === 0) return [];
      const stdin = JSON.stringify(inventory);
      return appliedObjects(await realm.kubectl(['get', '--filename', '-', '--ignore-not-found', '-o', 'json'], { stdin }));
    },
    outcomesSince: async (moment) =>
      outcomesIn(await kubectl('logs', 'deployment/kustomize-controller', `--since-time=${moment.toISOString()}`), moment),
  };
}
