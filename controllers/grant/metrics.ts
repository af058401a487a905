import { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { Namespace } from '../../api/meta/builtin.ts';
import type { Reader } from '../runtime/caches.ts';
import type { GaugeSpec, Sample } from '../runtime/gauges.ts';
import { ownerUidOf } from '../runtime/ownership.ts';
import { parseQuantity } from '../runtime/quantity.ts';
import { keyOf } from '../runtime/resource.ts';
import { shareOf } from './claims.ts';
import type { Hard } from './hard.ts';
import { isOver } from './policy.ts';
import { isServed, type Settings } from './steps.ts';

/** What Prometheus is told of each Grant that is lent here; docs/metrics.md explains them. */
export const grantGauges = (settings: Settings): readonly GaugeSpec[] => {
  const gauge = gaugeOf(settings);
  return [
    {
      name: 'keystone_slices_without_grant',
      help: 'Namespaces of Grants that are gone and did not end before; the operator takes them away',
      labels: [],
      collect: (cache) => [{ labels: {}, value: withoutGrant(cache) }],
    },
    gauge('keystone_grant_info', 'Always 1: who borrows, and the phase', ['grantee', 'phase'], ({ spec, status }) => [
      { labels: { grantee: spec.granteeRealm, phase: status?.phase ?? 'Pending' }, value: 1 },
    ]),
    gauge('keystone_grant_hard', 'What is lent, in base units; absent while nothing is', ['resource'], (grant) => amounts(shareOf(grant))),
    gauge('keystone_grant_used', 'What is used of it, in base units', ['resource'], ({ status }) =>
      amounts(status?.used ?? {}, status?.hard),
    ),
    gauge(
      'keystone_grant_expiry_timestamp_seconds',
      'When the validity ends; absent without an end, and once it is over',
      [],
      ({ spec: { validity }, status }) =>
        validity?.validUntil === undefined || isOver(status?.phase) ? [] : [{ labels: {}, value: Date.parse(validity.validUntil) / 1000 }],
    ),
    gauge('keystone_grant_overquota', '1 while more is used than lent', [], ({ status }) => [
      { labels: {}, value: status?.conditions?.some(({ type }) => type === 'OverQuota') === true ? 1 : 0 },
    ]),
  ];
};

/** Of Grants that are not lent here, whoever may write some could make any number of series with names of their own choice. */
const gaugeOf =
  (settings: Settings) =>
  (name: string, help: string, labels: readonly string[], samplesOf: (grant: Grant) => readonly Sample[]): GaugeSpec => ({
    name,
    help,
    labels: ['grant', ...labels],
    collect: (cache) =>
      cache
        .list(Grant)
        .filter((grant) => grant.status?.phase !== undefined && isServed(grant, settings))
        .flatMap((grant) => samplesOf(grant).map((sample) => ({ ...sample, labels: { grant: keyOf(grant), ...sample.labels } }))),
  });

/** A Grant whose finalizer was taken away goes without its slice. */
function withoutGrant(cache: Reader): number {
  const uids = new Set(cache.list(Grant).map(({ metadata }) => metadata.uid));
  return cache.list(Namespace).filter((namespace) => !uids.has(ownerUidOf(namespace) ?? '')).length;
}

/** What somebody would plot: amounts and pods, of what is lent at all. The caps on numbers of objects are no capacity. */
const isPlotted = (key: string): boolean => key === 'pods' || key.startsWith('requests.') || key.startsWith('limits.');

const amounts = (of: Hard, lent: Hard = of): readonly Sample[] =>
  Object.entries(of)
    .filter(([key]) => isPlotted(key) && lent[key] !== '0')
    .map(([resource, amount]) => ({ labels: { resource }, value: Number(parseQuantity(amount) ?? 0n) / 1e9 }));
