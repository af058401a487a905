import { createDice, shuffled } from './dice.ts';

/** Everything, instead of what the seed gives. */
export const FULL = process.env['TEST_FULL'] !== undefined;
/** Says what a quick run takes; printed, so that the same can be taken again. */
export const SEED = process.env['SEED'] ?? String(Date.now() % 1_000_000);
/** Takes only the points whose label begins so, or has this in it, out of everything: to look at one that failed. */
const FOCUS = process.env['FAULT'];

/** What a run takes of all that could be tried; the salt makes choices differ that the same seed makes. */
export const share = <T>(all: readonly T[], count: number, salt: string): readonly T[] =>
  FULL || FOCUS !== undefined ? all : shuffled(all, createDice(`${SEED} ${salt}`)).slice(0, count);

/** Whether a label, or what begins with it, was asked for by name. */
export const isInFocus = (label: string): boolean => FOCUS === undefined || label.includes(FOCUS) || FOCUS.startsWith(`${label} · `);
