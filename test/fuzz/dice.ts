/** Dice that fall the same way for the same seed. */
export interface Dice {
  /** A whole number from 0 to below `sides`. */
  below(sides: number): number;
  pick<T>(of: readonly T[]): T;
  /** True so many times in a hundred. */
  chance(percent: number): boolean;
}

/** Mulberry32: small, quick, and good enough to wander through inputs. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (sides: number): number => Math.floor(next() * sides);
  return { below, pick: (of) => of[below(of.length)] as (typeof of)[number], chance: (percent) => below(100) < percent };
}
