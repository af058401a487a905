/** Pods that would not end when they should, or hold what nobody counts; and ways in which none may leave a slice. */
import type { Attack } from './grant.attack.ts';
import { decent, type HostilePod, volume } from './grant.hostile-pods.ts';

/** One key under many names. */
const names = (count: number, prefix = 'p'): readonly { key: string; path: string }[] =>
  Array.from({ length: count }, (_, at) => ({ key: 'k', path: `${prefix}${at}` }));

const LASTING: readonly Omit<HostilePod, 'by'>[] = [
  { name: 'a year to end', says: 'from 1 to 300', spec: { terminationGracePeriodSeconds: 31_536_000 } },
  { name: 'to be forgotten before it has ended', says: 'from 1 to 300', spec: { terminationGracePeriodSeconds: 0 } },
  ...['livenessProbe', 'startupProbe'].flatMap((probe) => {
    const lasts = { [probe]: { exec: { command: ['false'] }, terminationGracePeriodSeconds: 315_360_000 } };
    const says = 'gives it more than 300 s';
    return [
      { name: `ten years to end, by its ${probe}`, says, container: lasts },
      {
        name: `ten years to end, by the ${probe} of a sidecar`,
        says,
        spec: { initContainers: [decent({ name: 's', restartPolicy: 'Always', ...lasts })] },
      },
    ];
  }),
  {
    name: 'to start for ever, so that nobody can end it',
    says: "can't be ended",
    container: { lifecycle: { postStart: { exec: { command: ['sleep', 'infinity'] } } } },
  },
  {
    name: 'to call itself for ever as it starts',
    says: "can't be ended",
    container: { lifecycle: { postStart: { httpGet: { port: 80 } } } },
  },
  {
    name: 'to start for ever in a sidecar',
    says: 'container s',
    spec: {
      initContainers: [
        decent({ name: 's', restartPolicy: 'Always', lifecycle: { postStart: { exec: { command: ['sleep', 'infinity'] } } } }),
      ],
    },
  },
  { name: 'one Secret under a thousand names', says: 'at most 64', spec: volume({ secret: { secretName: 's', items: names(1000) } }) },
  {
    name: 'one Secret a hundred times',
    says: 'at most 64',
    spec: { volumes: Array.from({ length: 100 }, (_, at) => ({ name: `v${at}`, secret: { secretName: 's' } })) },
  },
  {
    name: 'one Secret in a hundred places of a volume',
    says: 'at most 64',
    spec: volume({
      projected: { sources: [{ secret: { name: 's', items: names(50) } }, { configMap: { name: 'c', items: names(50, 'q') } }] },
    }),
  },
  {
    name: 'its own notes in a hundred files',
    says: 'at most 64',
    spec: volume({
      downwardAPI: { items: names(100).map(({ path }) => ({ path, fieldRef: { fieldPath: 'metadata.annotations' } })) },
    }),
  },
];

/** Each is refused by our policy. */
export const LASTING_PODS: readonly HostilePod[] = LASTING.map((pod) => ({ ...pod, by: 'keystone-slice-pods' }));

const TEN_YEARS = 315_360_000;
const by = 'keystone-slice-deletions';
const remove = (name: string, path: string, more: Partial<Attack> = {}): Attack => ({ name, by, method: 'DELETE', path, ...more });
const evict = (name: string, gracePeriodSeconds: number): Attack => ({
  name,
  by,
  method: 'POST',
  path: 'pods/runs/eviction',
  body: { metadata: { name: 'runs' }, deleteOptions: { gracePeriodSeconds } },
});

/** How nobody ends a pod that runs on a node. */
export const HOSTILE_ENDS: readonly Attack[] = [
  remove('gives it ten years', `pods/runs?gracePeriodSeconds=${TEN_YEARS}`),
  remove('gives it a second too much', 'pods/runs?gracePeriodSeconds=301'),
  remove('gives it ten years, in so many words', 'pods/runs', {
    body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: TEN_YEARS, dryRun: ['All'] },
  }),
  remove('gives all pods ten years at once', `pods?gracePeriodSeconds=${TEN_YEARS}`),
  remove('hides it while it goes on', 'pods/runs?gracePeriodSeconds=0'),
  remove('hides all pods while they go on', 'pods?gracePeriodSeconds=0'),
  remove('gives it ten years as a workload', `pods/runs?gracePeriodSeconds=${TEN_YEARS}`, { who: 'workload' }),
  remove('hides it from another slice', 'pods/runs?gracePeriodSeconds=0', { who: 'neighbour' }),
  evict('evicts it in ten years', TEN_YEARS),
  evict('hides it by eviction', 0),
];
