import { createHash } from 'node:crypto';

/** Numbers from 0 up to 1, the same ones for the same seed, whatever else is thrown. */
export function createDice(seed: string): () => number {
  let thrown = 0;
  return () => {
    const digest = createHash('sha256').update(`${seed} ${++thrown}`).digest();
    return digest.readUInt32BE(0) / 2 ** 32;
  };
}

/** All of them, in an order that the dice choose. */
export function shuffled<T>(items: readonly T[], dice: () => number): readonly T[] {
  return items
    .map((item) => ({ item, at: dice() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
