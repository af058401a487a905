import type { K8sObject } from '../../api/meta/object.ts';
import type { Review, Verdict } from '../../api/meta/webhook.ts';
import type { Reader } from './caches.ts';
import { createClient } from './client.ts';
import type { Clock } from './clock.ts';
import { createDeadline } from './deadline.ts';
import { describe } from './errors.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { nameOf, servedUnder } from './resource.ts';
import { sharedReads } from './shared-reads.ts';
import type { Transport } from './transport.ts';
import type { Sight, Webhook } from './webhook.ts';

/** What judging is done with. */
export interface JudgeOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly userAgent: string;
}

/** Judges one review within a time, whatever the webhook does: a verdict always comes. */
export type Judge = (review: Review, withinMs: number) => Judging;

/** A review that is being judged. */
export interface Judging {
  readonly verdict: Promise<Verdict>;
  /** Resolves once nobody holds the review any more, which may be later than a verdict that came for want of time. */
  readonly over: Promise<unknown>;
}

/** An API server that takes longer for one object has other worries than ours. */
const READ_MS = 1_000;

/** The way in which one webhook judges, with its mistakes and delays made harmless, and counted. */
export function createJudge(webhook: Webhook, cache: Reader, options: JudgeOptions): Judge {
  const { clock, log, metrics } = options;
  const sight = { cache, read: readerOf(options) };
  const count = (verdict: string): void => metrics.webhookVerdicts.inc({ webhook: webhook.path, verdict });
  for (const verdict of ['allowed', 'denied', 'late', 'failed']) metrics.webhookVerdicts.inc({ webhook: webhook.path, verdict }, 0);
  const inTime = async (judging: Promise<Verdict>, { uid }: Review, withinMs: number): Promise<Verdict> => {
    const late = Promise.withResolvers<'late'>();
    using _ = clock.timer(withinMs, () => late.resolve('late'));
    try {
      const verdict = await Promise.race([judging, late.promise]);
      if (verdict === 'late') {
        count('late');
        log.error('Could not judge in time', { webhook: webhook.name, uid });
        return withoutVerdict(webhook, true);
      }
      count(verdict.allowed ? 'allowed' : 'denied');
      return verdict;
    } catch (error) {
      count('failed');
      metrics.webhookPanics.inc();
      log.error('Could not judge', { webhook: webhook.name, uid, cause: describe(error) });
      return withoutVerdict(webhook, false);
    }
  };
  return (review, withinMs) => {
    const judging = (async () => webhook.judge(review, sight))();
    return { verdict: inTime(judging, review, withinMs), over: judging.catch(() => undefined) };
  };
}

/** Reads that all reviews of a webhook share. */
function readerOf({ transport, clock, userAgent }: JudgeOptions): Sight['read'] {
  const identity = { fieldManager: 'keystone-webhook', userAgent: `${userAgent} (webhook)` };
  const shared = sharedReads<K8sObject | undefined>();
  return async (resource, key) => {
    const object = await shared(`${nameOf(resource)} ${key.namespace}/${key.name}`, async () => {
      using deadline = createDeadline(clock, READ_MS);
      return await createClient(transport, identity, deadline.signal).read(resource, key);
    });
    return object === undefined ? undefined : servedUnder(resource, object);
  };
}

/** What is registered as Ignore may be missing, so it stops nobody when it fails: a refusal would count, whatever is registered. */
function withoutVerdict({ failurePolicy, name }: Webhook, isLate: boolean): Verdict {
  const message = `${name} could not judge this: ${isLate ? 'it took too long' : 'a mistake of its own, which its log tells'}`;
  return failurePolicy === 'Ignore'
    ? { allowed: true, warnings: [message] }
    : {
        allowed: false,
        code: isLate ? 504 : 500,
        reason: isLate ? 'Timeout' : 'InternalError',
        message: `${message}; try again`,
        causes: [],
      };
}
