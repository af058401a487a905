import { randomUUID } from 'node:crypto';
import type { Conditioned } from '../../controllers/runtime/conditions.ts';
import type { Write } from '../env/audit.ts';
import type { EngineOptions, RunningEngine } from '../env/engine.ts';
import { eventually } from '../env/eventually.ts';
import type { Trial } from '../env/judge.ts';
import type { K8sObject } from '../../api/meta/object.ts';
import type { LeapingClock } from './clock.ts';
import type { Rule } from './guard.ts';

/** One thing that happens in a story, and how the world shows that it was answered. */
export interface Step<S> {
  readonly name: string;
  /** What somebody does. Done again if the API server gave no answer, so it must be safe to repeat. */
  readonly act: (stage: S) => Promise<unknown>;
  /** Throws as long as what was asked for is not in force. */
  readonly until: (stage: S) => Promise<unknown>;
}

/** What is told again and again, undisturbed and under every disturbance, and must always end the same way. */
export interface Scenario<S> {
  readonly name: string;
  readonly story: readonly Step<S>[];
  /** Changes what all stages share: nothing else may be told meanwhile. */
  readonly alone?: boolean;
  /** The disturbances that it is about, by name; all if left out. */
  readonly under?: RegExp;
}

/** A world of its own for one telling of a story; many can be played at the same time. */
export interface Stage {
  /** The name under which the API server's audit log knows the operator of this telling. */
  readonly userAgent: string;
  readonly clock: LeapingClock;
  /** Names that differ from telling to telling, and what each is called instead. */
  readonly names: Readonly<Record<string, string>>;
  /** Starts an operator that sees this stage and no other. */
  run(wrap?: EngineOptions['wrap']): Promise<RunningEngine>;
  /** All that there is of the story's world: what its end is told by. */
  objects(): Promise<readonly K8sObject[]>;
  /** The objects whose kind the controller is for, and where it watches them. */
  owners(): Promise<readonly Conditioned[]>;
  readonly ownersPath: string;
  /** What the judge has to know besides: see env/judge.ts. */
  readonly judged: Pick<Trial, 'reasons' | 'counts'>;
  /** A line about an object without what differs by nature; empty if it says nothing of what the operator did. */
  blur?(line: string): string;
  /** Whether a write that neither makes nor deletes anything can't be undone all the same. */
  isIrreversible?(write: Write): boolean;
  /** What must be so at every moment. */
  readonly always?: Rule;
  /** Clears away what nothing else would. */
  close(): Promise<void>;
}

/**
 * A name that nobody has had before. It is not the operator's own: an API server that was just killed knows nobody's rights for
 * a moment, and what it refuses then is no right that the operator lacks.
 */
export const newUserAgent = (): string => `fault-harness/${randomUUID()}`;

/** How long one step may take under any disturbance; only a failure waits so long. */
const STEP_MS = 90_000;

/** Does it until the API server has heard. */
export const insist = (act: () => Promise<unknown>): Promise<unknown> => eventually(act, { withinMs: STEP_MS });

/** Waits until the step was answered. */
export const answered = <S>(step: Step<S>, stage: S): Promise<unknown> => eventually(() => step.until(stage), { withinMs: STEP_MS });
