import type { PolicyMatch } from './policy.ts';

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
  readonly labels?: Readonly<Record<string, string>>;
  readonly when?: Readonly<Record<string, string>>;
}
