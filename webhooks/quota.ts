import { formatQuantity, styleOf, type Quantity } from '../controllers/runtime/quantity.ts';
import { PERMITTED, type Cause, type Review, type Verdict } from '../api/meta/webhook.ts';
import { amountsOf, growth, type Amounts } from './amounts.ts';
import { claimUsage } from './claim-usage.ts';
import { podUsage, templateUsage, type Defaults } from './pod-usage.ts';
import { isRecord, member, text } from '../api/meta/untrusted.ts';

/** What a quota of a slice says of itself. */
export interface Budget {
  /** The quota's name, as Kubernetes would tell it. */
  readonly name: string;
  readonly hard: Amounts;
  readonly used: Amounts;
}

/** A budget as its status has it; none while the quota is not in force. */
export function budgetOf(quota: unknown): Budget | undefined {
  const hard = member(quota, 'status', 'hard');
  if (!isRecord(hard)) return undefined;
  return { name: text(member(quota, 'metadata', 'name')), hard: amountsOf(hard), used: amountsOf(member(quota, 'status', 'used')) };
}

/** What a request would take of the quota beyond what its object has already; nothing for what no quota counts. */
export function asked({ group, resource, subResource, operation, object, oldObject }: Review): Amounts {
  if (group !== '') return NOTHING;
  const usage = USAGES.get(`${resource}/${subResource}`);
  if (usage === undefined || !usage.operations.includes(operation)) return NOTHING;
  const now = usage.of(object) ?? NOTHING;
  const before = operation === 'UPDATE' ? usage.of(oldObject) : NOTHING;
  return before === undefined ? NOTHING : growth(now, before);
}

const NOTHING: Amounts = new Map();
interface Usage {
  readonly operations: readonly string[];
  readonly of: (object: unknown) => Amounts | undefined;
}
/** As in the API server's quota admission: a Pod counts when it is made or resized, a claim also when it changes. */
const USAGES: ReadonlyMap<string, Usage> = new Map([
  ['pods/', { operations: ['CREATE'], of: podUsage }],
  ['pods/resize', { operations: ['UPDATE'], of: podUsage }],
  ['persistentvolumeclaims/', { operations: ['CREATE', 'UPDATE'], of: claimUsage }],
]);

/** The keys of which more is asked for than is left. */
export const beyond = (asking: Amounts, { hard, used }: Budget): readonly string[] =>
  [...asking]
    .filter(([key, amount]) => {
      const limit = hard.get(key);
      return limit !== undefined && (used.get(key) ?? 0n) + amount > limit;
    })
    .map(([key]) => key)
    .toSorted();

/** What is said to a request that asks for so much: no, if anything is beyond, with all of it. */
export function quotaVerdict(review: Review, asking: Amounts, budget: Budget): Verdict {
  const keys = beyond(asking, budget);
  if (keys.length === 0) return PERMITTED;
  const causes = keys.map((key): Cause => ({
    reason: 'QuotaExceeded',
    field: fieldOf(review, key),
    message: sentence(key, asking, budget),
  }));
  return {
    allowed: false,
    // Not 429: tools know an exceeded quota by this code and these words, whoever says them (docs/decisions/0012).
    code: 403,
    reason: 'Forbidden',
    message: `exceeded quota: ${budget.name}, ${causes.map(({ message }) => message).join('; ')}: ${remedy(keys, budget)}`,
    causes,
  };
}

function sentence(key: string, asking: Amounts, { hard, used }: Budget): string {
  const amount = (of: Quantity | undefined) => formatQuantity(of ?? 0n, styleOf(key));
  const limit = hard.get(key) ?? 0n;
  const taken = used.get(key) ?? 0n;
  return `${key}: asked ${amount(asking.get(key))}, used ${amount(taken)} of ${amount(limit)}, free ${amount(limit > taken ? limit - taken : 0n)}`;
}

/** Nobody can leave these out: they are the object itself. */
const COUNTS = new Set(['pods', 'count/pods', 'persistentvolumeclaims']);

/** What helps depends on whether it is lent at all, and whether it is used up or merely too little. */
function remedy(keys: readonly string[], { hard, used }: Budget): string {
  const isNone = (key: string): boolean => (hard.get(key) ?? 0n) === 0n;
  if (keys.some((key) => COUNTS.has(key) && isNone(key)))
    return 'nothing new is let in now, since the Grant is cordoned, ends, or lends none of them: ask its owner';
  if (keys.some(isNone)) return 'this Grant lends none of it now: leave it out, or ask its owner for a larger one';
  const isUsedUp = keys.some((key) => (used.get(key) ?? 0n) >= (hard.get(key) ?? 0n));
  return isUsedUp
    ? 'delete what is not needed any more, or ask the owner of the Grant for more'
    : 'ask for at most what is free, delete what is not needed any more, or ask the owner of the Grant for more';
}

/** Where the asker can change it: counts have no field. */
function fieldOf({ resource }: Review, key: string): string {
  const [, kind, name] = /(?:^|\/)(requests|limits)\.(.+)$/.exec(key) ?? [];
  if (kind === undefined) return '';
  return `spec.${resource === 'pods' ? 'containers[*].' : ''}resources.${kind}[${name}]`;
}

/** Where the kinds that make Pods keep their template. */
const TEMPLATES: ReadonlyMap<string, readonly string[]> = new Map([
  ['deployments.apps', ['spec', 'template']],
  ['statefulsets.apps', ['spec', 'template']],
  ['jobs.batch', ['spec', 'template']],
  ['cronjobs.batch', ['spec', 'jobTemplate', 'spec', 'template']],
]);

/** Warnings if not one Pod of a workload fits into an empty slice: Kubernetes would take the workload and never start it. */
export function fitVerdict({ group, resource, subResource, object }: Review, defaults: Defaults, { hard }: Budget): Verdict {
  const path = TEMPLATES.get(`${resource}.${group}`);
  const usage = path === undefined || subResource !== '' ? undefined : templateUsage(member(object, ...path), defaults);
  if (usage === undefined) return PERMITTED;
  const warnings = beyond(usage, { name: '', hard, used: NOTHING }).map((key) => {
    const amount = (of: Amounts) => formatQuantity(of.get(key) ?? 0n, styleOf(key));
    return `none of its Pods can start: one asks for ${amount(usage)} of ${key}, and the Grant lends ${amount(hard)} in all`;
  });
  return { allowed: true, warnings };
}

/** Whether a review is about a kind that makes Pods. */
export const makesPods = ({ group, resource }: Review): boolean => TEMPLATES.has(`${resource}.${group}`);
