import { SLICE_LABEL, CONTROLLER_LABEL, GRANT_CONTROLLER } from '../../api/keystone/v1alpha1/grant.policies.ts';
import { LimitRange, ResourceQuota } from '../../api/meta/builtin.ts';
import { PERMITTED, type Review, type Verdict } from '../../api/meta/webhook.ts';
import { amountsOf } from '../../webhooks/amounts.ts';
import { asked, beyond, budgetOf, fitVerdict, makesPods, quotaVerdict } from '../../webhooks/quota.ts';
import type { Defaults } from '../../webhooks/pod-usage.ts';
import type { Sight, Webhook } from '../runtime/webhook.ts';
import { OURS } from './render.ts';

/** What a Grant made in its slice, as the controller's own caches select it. */
const selection = { labels: `${CONTROLLER_LABEL}=${GRANT_CONTROLLER}` };
/** An update that leaves the spec as it was takes nothing: status, labels and finalizers are no concern of a quota. */
const CHANGES_SPEC = 'request.operation == "CREATE" || !has(oldObject.spec) || !has(object.spec) || object.spec != oldObject.spec';

/** Tells at once, and all of it, what Kubernetes' quota would refuse one by one; and warns of workloads that it would let hang. */
export const quotaWebhook: Webhook = {
  name: 'quota.keystone.io',
  path: '/quota',
  mutating: false,
  match: [
    { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'], scope: 'Namespaced' },
    { apiGroups: [''], apiVersions: ['v1'], resources: ['pods/resize'], operations: ['UPDATE'], scope: 'Namespaced' },
    { apiGroups: [''], apiVersions: ['v1'], resources: ['persistentvolumeclaims'], operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' },
    {
      apiGroups: ['apps'],
      apiVersions: ['v1'],
      resources: ['deployments', 'statefulsets'],
      operations: ['CREATE', 'UPDATE'],
      scope: 'Namespaced',
    },
    { apiGroups: ['batch'], apiVersions: ['v1'], resources: ['jobs', 'cronjobs'], operations: ['CREATE', 'UPDATE'], scope: 'Namespaced' },
  ],
  namespaces: [{ key: SLICE_LABEL, operator: 'Exists' }],
  when: { 'changes-spec': CHANGES_SPEC },
  // The quota itself holds, with or without us (docs/decisions/0012).
  failurePolicy: 'Ignore',
  // Two reads of a second each at worst, with time to answer.
  timeoutSeconds: 3,
  reads: [
    { resource: ResourceQuota, selection },
    { resource: LimitRange, selection },
  ],
  judge: judgeQuota,
};

async function judgeQuota(review: Review, { cache, read }: Sight): Promise<Verdict> {
  const key = { namespace: review.namespace, name: OURS };
  const known = review.namespace === '' ? undefined : budgetOf(cache.get(ResourceQuota, key));
  if (known === undefined) return PERMITTED;
  if (makesPods(review)) return fitVerdict(review, defaultsIn(cache.get(LimitRange, key)), known);
  const asking = asked(review);
  if (beyond(asking, known).length === 0) return PERMITTED;
  // The cache may not know yet what was deleted a moment ago: nobody is refused on what it says alone. Where nothing better
  // can be had, the quota itself has the word.
  const live = budgetOf(await read(ResourceQuota, key).catch(() => undefined));
  return live === undefined ? PERMITTED : quotaVerdict(review, asking, live);
}

function defaultsIn(range: LimitRange | undefined): Defaults {
  const containers = range?.spec?.limits.find(({ type }) => type === 'Container');
  return { requests: amountsOf(containers?.defaultRequest), limits: amountsOf(containers?.default) };
}
