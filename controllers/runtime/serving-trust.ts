import type { Clock } from './clock.ts';
import type { Generation } from './serving-generations.ts';

/** Remembers since when authorities are trusted, as far as this process knows. */
export interface TrustMemory {
  /** Looks at who is trusted now. Who is not any more begins anew. */
  note(generations: readonly Generation[]): void;
  /** For how many milliseconds; undefined for one that is not trusted. */
  trustedFor(this: void, generation: Generation): number | undefined;
  /** When the next one will have been trusted for so long. */
  settlesInMs(settle: number): number;
}

/** A memory of nothing. */
export function createTrustMemory(trusts: (ca: string) => boolean, clock: Clock): TrustMemory {
  let since = new Map<string, number>();
  return {
    note(generations) {
      const trusted = generations.map(({ ca }) => ca).filter(trusts);
      since = new Map(trusted.map((ca) => [ca, since.get(ca) ?? clock.now()]));
    },
    trustedFor({ ca }) {
      const from = since.get(ca);
      return from === undefined ? undefined : clock.now() - from;
    },
    settlesInMs: (settle) => Math.min(...[...since.values()].map((from) => from + settle - clock.now()).filter((ms) => ms > 0)),
  };
}
