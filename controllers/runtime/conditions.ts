import type { Condition, ConditionedStatus, K8sObject } from '../../api/meta/object.ts';
import { byKey, canonical } from './canonical.ts';
import { clip, LONGEST_MESSAGE } from './errors.ts';
import { wholeSeconds } from './timestamps.ts';

/** A kind of ours: its status carries conditions. */
export type Conditioned = K8sObject & { readonly status?: ConditionedStatus };
/** The status of a kind, once it is there. */
export type StatusOf<T extends Conditioned> = NonNullable<T['status']>;

/** One condition, decided. The engine adds times and generations. */
export interface Verdict<R extends string = string> {
  readonly status: Condition['status'];
  readonly reason: R;
  readonly message: string;
  /** True when only a human can change it: `Stalled`, and no waiting for something to happen. */
  readonly stalled?: boolean;
}

/** What a status function decides: the fields of the status, and the conditions. */
export type Report<T extends Conditioned, R extends string = string> = Omit<StatusOf<T>, 'conditions' | 'observedGeneration'> & {
  /** Absent for an object that is neither ready nor on its way, such as one that finished. */
  readonly ready?: Verdict<R>;
  /** Further conditions by type. */
  readonly also?: Readonly<Record<string, Verdict<R>>>;
};

/** Why a pass ended before its last step. */
export interface Halt {
  readonly kind: 'waiting' | 'failed' | 'terminal';
  readonly reason: string;
  readonly message: string;
}

/** What a status is decided from besides the facts. */
export interface Moment<T extends Conditioned> {
  readonly object: T;
  readonly now: Date;
  readonly halt: Halt | undefined;
}

/** Facts to status; pure. The only place of a room where conditions are made. */
export type StatusRule<T extends Conditioned, F> = (facts: F, moment: Moment<T>) => Report<T>;

/** Gives a status function its types. */
export const defineStatus = <T extends Conditioned, F>(rule: StatusRule<T, F>): StatusRule<T, F> => rule;

/** The whole status, from what a room reported and how the pass ended; the table of moments is in docs/architecture.md. */
export function settleStatus<T extends Conditioned>(report: Report<T>, { object, now, halt }: Moment<T>): StatusOf<T> {
  const { ready: reported, also = {}, ...fields } = report;
  const { generation = 0 } = object.metadata;
  const ready = halt === undefined ? reported : verdictOf(halt);
  const abnormal = abnormalFor(ready);
  const verdicts: readonly (readonly [string, Verdict | undefined])[] = [
    ['Ready', ready],
    ...Object.entries(also).toSorted(byKey),
    [abnormal ?? '', ready && { ...ready, status: 'True' }],
  ];
  const { conditions: before = [], observedGeneration: observed = -1 } = object.status ?? {};
  const conditions = verdicts.flatMap(([type, verdict]) => {
    if (type === '' || verdict === undefined) return [];
    const { status, reason, message } = verdict;
    const previous = before.find((condition) => condition.type === type);
    const lastTransitionTime = previous?.status === status ? previous.lastTransitionTime : wholeSeconds(now);
    return [{ type, status, observedGeneration: generation, lastTransitionTime, reason, message: clip(message, LONGEST_MESSAGE) }];
  });
  // Left where it was while work goes on: tools take an equal generation for "this was dealt with".
  const observedGeneration = abnormal === 'Reconciling' ? observed : generation;
  return { observedGeneration, conditions, ...fields };
}

const verdictOf = ({ kind, reason, message }: Halt): Verdict => ({ status: 'False', reason, message, stalled: kind === 'terminal' });

/** The abnormal condition that stands beside a Ready that is not True. */
function abnormalFor(ready: Verdict | undefined): 'Reconciling' | 'Stalled' | undefined {
  if (ready === undefined || ready.status === 'True') return undefined;
  return ready.stalled === true ? 'Stalled' : 'Reconciling';
}

/** Whether two statuses say the same. */
export const saysSame = (a: ConditionedStatus | undefined, b: ConditionedStatus | undefined): boolean => canonical(a) === canonical(b);

/** Whether the object says this already: then nothing is written. */
export const saysAlready = <T extends Conditioned>(object: T, status: StatusOf<T>): boolean => saysSame(object.status, status);
