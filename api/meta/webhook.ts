import type { LabelRequirement, PolicyMatch } from './policy.ts';

/** One admission webhook as the API server has to know it; the server's address and certificate come with the installation. */
export interface WebhookDeclaration {
  /** Unique among all, and part of what a refused user reads: grant.keystone.io. */
  readonly name: string;
  readonly mutating: boolean;
  /** Where the admission server answers for it. */
  readonly path: `/${string}`;
  readonly match: readonly PolicyMatch[];
  /** Fail only for kinds of our own: nobody else's work may hang on our server. */
  readonly failurePolicy: 'Fail' | 'Ignore';
  /** How long the API server waits for the answer; the user waits along. */
  readonly timeoutSeconds: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Selects by the labels of the namespace; without it every namespace but the operator's own, or all for kinds of ours. */
  readonly namespaces?: readonly LabelRequirement[];
  readonly when?: Readonly<Record<string, string>>;
}

/** What the API server asks: the part of an AdmissionRequest that verdicts look at. The objects are as anybody may have sent them. */
export interface Review {
  readonly uid: string;
  readonly operation: string;
  readonly group: string;
  readonly resource: string;
  /** Empty for the object itself. */
  readonly subResource: string;
  readonly namespace: string;
  readonly name: string;
  /** Nothing may come of it, not even a note. */
  readonly dryRun: boolean;
  readonly object: unknown;
  readonly oldObject: unknown;
}

/** One thing that is wrong. */
export interface Cause {
  readonly reason: string;
  /** The path of the field to change. */
  readonly field: string;
  readonly message: string;
}

/** What is said to a review: yes or no, and what the user should know besides. */
export type Verdict = Permission | Refusal;

/** Yes. */
export interface Permission {
  readonly allowed: true;
  /** A sentence each, at most 256 characters. */
  readonly warnings?: readonly string[];
}

/** No. The code and the reason reach the client as they are; the message names everything that is wrong and what to change. */
export interface Refusal {
  readonly allowed: false;
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** All that is wrong, for machines. */
  readonly causes: readonly Cause[];
  readonly warnings?: readonly string[];
}

/** Yes, and nothing else. */
export const PERMITTED: Permission = { allowed: true };
