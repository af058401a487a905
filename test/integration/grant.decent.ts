/** What must go on working in a slice. */
import { decent, podSpec, podWith } from './grant.hostile-pods.ts';
import type { Act } from './grant.slice.ts';

const meta = (name: string): object => ({ metadata: { name } });
const selector = { matchLabels: { app: 'web' } };
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec() };
const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
/** For how long a pod stays on a node that is lost. */
const lost = (taint: string, tolerationSeconds: number): object => ({
  key: `node.kubernetes.io/${taint}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds,
});

/** What guests do, by name, place and body. */
export const DECENT: readonly (readonly [string, string, object])[] = [
  [
    'run a pod with the GPU that is lent',
    'pods',
    podWith(
      {
        container: { resources: { limits: { 'example.com/gpu': '1' } } },
        spec: { tolerations: [{ key: 'example.com/gpu', operator: 'Exists' }] },
      },
      'gpu',
    ),
  ],
  [
    'put an address together from variables, and hand it over',
    'pods',
    podWith(
      {
        container: {
          env: [
            ...['USER', 'HOST', 'PORT', 'NAME'].map((name) => ({ name, value: 'x' })),
            { name: 'URL', value: 'postgres://$(USER)@$(HOST):$(PORT)/$(NAME)' },
            { name: 'PRICE', value: '$$(URL) is not meant' },
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          args: ['--database=$(URL)', '--host=$(HOST)', '--name=$(NAME)'],
          volumeMounts: [{ name: 'logs', mountPath: '/logs', subPathExpr: '$(NAME)/$(POD)' }],
        },
        spec: { volumes: [{ name: 'logs', emptyDir: {} }] },
      },
      'address',
    ),
  ],
  [
    'put a name together in two steps',
    'pods',
    podWith(
      {
        container: {
          env: [
            { name: 'RELEASE', value: 'x' },
            { name: 'HOST', value: '$(RELEASE)-db' },
            { name: 'URL', value: 'http://$(HOST):80' },
          ],
        },
      },
      'steps',
    ),
  ],
  [
    'run a script with commands in commands',
    'pods',
    podWith({ container: { command: ['sh', '-c', 'echo $(date +%s) $(cat /etc/hosts | wc -l)\n'.repeat(50)] } }, 'script'),
  ],
  ['run a sidecar, and a minute to end', 'pods', podWith({ spec: { terminationGracePeriodSeconds: 60 } }, 'minute')],
  [
    'give a hanging container a minute, wait a little as it starts, and read what they are told',
    'pods',
    podWith(
      {
        container: {
          livenessProbe: { exec: { command: ['true'] }, terminationGracePeriodSeconds: 60 },
          lifecycle: { postStart: { sleep: { seconds: 5 } }, preStop: { exec: { command: ['true'] } } },
        },
        spec: {
          volumes: [
            ...Array.from({ length: 20 }, (_, at) => ({ name: `v${at}`, secret: { secretName: `s${at}` } })),
            {
              name: 'p',
              projected: {
                sources: [
                  { secret: { name: 's' } },
                  { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
                ],
              },
            },
            ...Array.from({ length: 50 }, (_, at) => ({ name: `c${at}`, configMap: { name: 'c' } })),
          ],
        },
      },
      'told',
    ),
  ],
  [
    'leave a lost node at once, or in five minutes',
    'pods',
    podWith({ spec: { tolerations: [lost('not-ready', 0), lost('unreachable', 300)] } }, 'lost'),
  ],
  [
    'spread their pods, and note on them what they like',
    'pods',
    podWith(
      {
        metadata: { annotations: { 'example.com/x': 'y', 'prometheus.io/scrape': 'true', 'kubectl.kubernetes.io/restartedAt': 'z' } },
        spec: {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: 'kubernetes.io/hostname', labelSelector: selector, namespaces: ['SLICE'] },
                { topologyKey: 'kubernetes.io/hostname', labelSelector: selector },
              ],
            },
          },
        },
      },
      'spread',
    ),
  ],
  ['have a thousand replicas', 'apps/v1:deployments', { ...meta('many'), spec: { replicas: 1000, selector, template } }],
  ['have thirty in order', 'apps/v1:statefulsets', { ...meta('db'), spec: { serviceName: 'db', replicas: 30, selector, template } }],
  ['offer a Service without an address', 'services', { ...meta('none'), spec: { clusterIP: 'None', ports: [{ port: 80 }] } }],
  ['claim storage of a lent class', 'persistentvolumeclaims', { ...meta('fast'), spec: { ...spec, storageClassName: 'fast' } }],
  [
    'note on a claim that it stays',
    'persistentvolumeclaims',
    {
      metadata: { name: 'noted', labels: { 'example.com/team': 'x' }, annotations: { 'helm.sh/resource-policy': 'keep' } },
      spec: { ...spec, storageClassName: 'fast' },
    },
  ],
  ['offer a Service', 'services', { ...meta('web'), spec: { selector: selector.matchLabels, ports: [{ port: 80 }] } }],
  ['keep configuration', 'configmaps', { ...meta('conf'), data: { a: 'b' } }],
  ['keep a Secret', 'secrets', { ...meta('secret'), stringData: { a: 'b' } }],
  ['have ServiceAccounts', 'serviceaccounts', meta('robot')],
  [
    'run a StatefulSet',
    'apps/v1:statefulsets',
    {
      ...meta('db'),
      spec: {
        serviceName: 'db',
        replicas: 0,
        selector,
        template,
        volumeClaimTemplates: [{ ...meta('d'), spec: { ...spec, storageClassName: 'slow' } }],
      },
    },
  ],
  ['run a Job', 'batch/v1:jobs', { ...meta('job'), spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } }],
  [
    'run a CronJob',
    'batch/v1:cronjobs',
    {
      ...meta('cron'),
      spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } } },
    },
  ],
  ...['@hourly', '@every 5m', '@every 1h'].map(
    (schedule) =>
      [
        `run a CronJob ${schedule}`,
        'batch/v1:cronjobs',
        {
          ...meta('often'),
          spec: { schedule, jobTemplate: { spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } } },
        },
      ] as const,
  ),
  [
    'scale by load',
    'autoscaling/v2:horizontalpodautoscalers',
    { ...meta('hpa'), spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } },
  ],
  ['limit disruption', 'policy/v1:poddisruptionbudgets', { ...meta('pdb'), spec: { maxUnavailable: 1, selector } }],
  ['limit disruption to a part', 'policy/v1:poddisruptionbudgets', { ...meta('pdb'), spec: { maxUnavailable: '10%', selector } }],
  ['keep ten versions', 'apps/v1:deployments', { ...meta('ten'), spec: { revisionHistoryLimit: 10, selector, template } }],
  [
    'tie an object to a pod of theirs',
    'configmaps',
    {
      metadata: {
        name: 'tied',
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'plain', uid: 'x', blockOwnerDeletion: true }],
      },
    },
  ],
];

const evict = (deleteOptions?: object): Act => ({
  method: 'POST',
  path: 'pods/runs/eviction',
  body: { metadata: { name: 'runs' }, deleteOptions },
});
/** How guests end pods, of which one runs on a node. */
export const DECENT_ENDS: readonly (readonly [string, Act])[] = [
  ['deletes it', { method: 'DELETE', path: 'pods/runs' }],
  ['deletes it in a second', { method: 'DELETE', path: 'pods/runs?gracePeriodSeconds=1' }],
  ['deletes it in five minutes', { method: 'DELETE', path: 'pods/runs?gracePeriodSeconds=300' }],
  ['deletes all pods', { method: 'DELETE', path: 'pods' }],
  ['removes one that no node has yet', { method: 'DELETE', path: 'pods/plain?gracePeriodSeconds=0' }],
  ['evicts it', evict()],
  ['evicts it in a minute', evict({ gracePeriodSeconds: 60 })],
];

const exists = (effect: string, ...taints: readonly string[]): readonly object[] =>
  taints.map((taint) => ({ key: `node.kubernetes.io/${taint}`, operator: 'Exists', effect }));
/** What makes a pod of a DaemonSet different, as its controller makes it. */
export const DAEMON = {
  metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'x', uid: 'x', controller: true }] },
  spec: {
    tolerations: [
      ...exists('NoExecute', 'not-ready', 'unreachable'),
      ...exists('NoSchedule', 'disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'),
    ],
  },
};

const many = <T>(count: number, make: (i: number) => T): readonly T[] => Array.from({ length: count }, (_, i) => make(i));
/** A pod whose judgement costs as much as one can: the expressions have a budget. */
export const LARGE = podWith(
  {
    metadata: { annotations: Object.fromEntries(many(90, (i) => [`example.com/annotation-${i}`, 'x'.repeat(100)])) },
    spec: {
      containers: many(20, (n) => {
        const probe = { tcpSocket: { port: 80 } };
        const resources = { requests: { cpu: '1m', memory: '1Mi', 'ephemeral-storage': '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } };
        const env = [
          ...many(20, (i) => ({ name: `A${i}`, value: 'x'.repeat(20) })),
          ...many(20, (i) => ({ name: `B${i}`, value: `${'x'.repeat(20)}$(A${i})` })),
        ];
        const args = many(50, () => 'x'.repeat(20));
        const volumeMounts = many(20, (i) => ({ name: `v${i}`, mountPath: `/m${i}` }));
        return decent({
          name: `c${n}`,
          livenessProbe: probe,
          readinessProbe: probe,
          startupProbe: probe,
          resources,
          env,
          args,
          volumeMounts,
        });
      }),
      volumes: many(200, (i) => ({ name: `v${i}`, emptyDir: {} })),
      tolerations: many(100, (i) => lost('unreachable', i)),
    },
  },
  'large',
);

/** A Deployment of one pod. */
export const WEB = { ...meta('web'), spec: { replicas: 1, selector, template } };

/** A Job of one pod. */
export const JOB = { ...meta('job'), spec: { template: { spec: { ...podSpec(), restartPolicy: 'Never' } } } };
