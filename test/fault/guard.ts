import { setTimeout as sleep } from 'node:timers/promises';
import type { Conditioned } from '../../controllers/runtime/conditions.ts';
import { controlPlane } from '../env/hooks.ts';
import { watchEvents } from '../env/watch.ts';

/** What must be so at every moment. */
export interface Rule {
  /** The collection that it is about. */
  readonly path: string;
  /** Throws what is not as it must be among all that there is. */
  check(this: void, owners: readonly Conditioned[]): void;
}

/** Who looks at every world that there ever was. */
export interface Guard {
  /** Throws what was seen. */
  expectNothing(cause?: unknown): void;
  stop(): Promise<void>;
}

/** How long until an API server that is away is asked again. */
const AGAIN_MS = 250;

/** Holds a rule, if there is one, against the world after each change of it: what is so between two changes only is found as well. */
export function watchOver(rule: Rule | undefined): Guard {
  const stopping = new AbortController();
  const seen: string[] = [];
  const looking = rule === undefined ? undefined : lookOn(rule, stopping.signal, (message) => void seen.push(message));
  return {
    expectNothing(cause) {
      if (seen[0] !== undefined) throw new Error(`for a moment this was not so: ${seen[0]}`, { cause });
    },
    async stop() {
      stopping.abort();
      await looking;
    },
  };
}

/** Goes on until it is stopped, whatever becomes of the API server. */
async function lookOn({ path, check }: Rule, signal: AbortSignal, found: (message: string) => void): Promise<void> {
  const judge = (owners: readonly Conditioned[]): void => {
    try {
      check(owners);
    } catch (error) {
      found(error instanceof Error ? error.message : String(error));
    }
  };
  while (!signal.aborted) {
    await follow(path, signal, judge).catch(() => undefined);
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Tells all that there is, after each change; ends or throws when the API server does not answer any more. */
async function follow(path: string, signal: AbortSignal, tell: (owners: readonly Conditioned[]) => void): Promise<void> {
  const owners = new Map<string, Conditioned>();
  for await (const { type, object } of watchEvents(controlPlane(), path, signal)) {
    if (type === 'ERROR') return;
    if (type === 'DELETED') owners.delete(object.metadata.uid);
    else owners.set(object.metadata.uid, object);
    tell([...owners.values()]);
  }
}
