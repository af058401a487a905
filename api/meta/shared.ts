import type { ConditionMeaning, ReasonMeaning } from './status.ts';

/** The conditions that every kind carries, as GitOps tools understand them. */
export const sharedConditions = {
  Ready: { polarity: 'positive', means: 'What the spec and the clock ask for is in force.' },
  Reconciling: { polarity: 'abnormal', means: 'The operator is at work or tries again; it carries the reason of Ready.' },
  Stalled: { polarity: 'abnormal', means: 'Nothing will change until a person does something; it carries the reason of Ready.' },
} as const satisfies Readonly<Record<string, ConditionMeaning>>;

/** The reasons that the engine itself may give to any kind. */
export const sharedReasons = {
  NameTaken: {
    means: 'An object that this one needs is there already and belongs to somebody else. It was left alone.',
    remedy: 'Delete or rename one of the two; the message names them.',
  },
  ChildTerminating: {
    means: 'An object that this one needs is being deleted by somebody else and something holds it: it counts for nothing any more.',
    remedy: 'Wait: it is made again once it is gone. If it stays, the message names the finalizers that hold it.',
  },
  Progressing: {
    means: 'The operator has seen this generation and is at work on it.',
    remedy: 'Wait: `kubectl wait --for=condition=Ready` returns when it is done.',
  },
  ReconcileError: {
    means: 'A step failed for a cause that is expected to pass; the message names the step and the cause.',
    remedy: 'Nothing at first: the operator tries again, ever more slowly. If it stays, deal with the cause in the message.',
  },
  Deleting: {
    means: 'The object is being deleted, and what was made for it is being removed.',
    remedy: 'Wait. If it takes minutes, the message names what is still in the way.',
  },
} as const satisfies Readonly<Record<string, ReasonMeaning>>;
