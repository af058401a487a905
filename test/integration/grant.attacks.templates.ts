/** Attacks by what controllers make in the stead of a guest. */
import { change, claim, create, METADATA, named, workload, type Attack } from './grant.attack.ts';
import { podSpec, podWith } from './grant.hostile-pods.ts';

const held = { finalizers: ['example.com/never'] };
const job = (template: object): object => ({ template: { ...template, spec: { ...podSpec(), restartPolicy: 'Never' } } });
const cron = (jobTemplate: object): object => named('x', { spec: { schedule: '0 0 1 1 *', jobTemplate } });
const claimTemplate = (metadata: object): object =>
  workload({ serviceName: 'x', volumeClaimTemplates: [claim({}, { name: 'd', ...metadata })] });
const OURS = { labels: { 'keystone.io/controller': 'grant' } };
const BYSTANDER = { apiVersion: 'v1', kind: 'ConfigMap', name: 'plain', uid: 'x' };

/** By templates, on what the controllers of Kubernetes make of them. */
export const onTemplates: readonly Attack[] = [
  ...['deployments', 'replicasets', 'statefulsets', 'daemonsets'].map((resource) =>
    create(`holds the pods of its ${resource}`, METADATA, `apps/v1:${resource}`, workload({}, held)),
  ),
  create('holds the pods of a ReplicationController', METADATA, 'replicationcontrollers', workload({ selector: { a: 'b' } }, held)),
  create('holds the pods of a Job', METADATA, 'batch/v1:jobs', named('x', { spec: job({ metadata: held }) })),
  create('holds the jobs of a CronJob', METADATA, 'batch/v1:cronjobs', cron({ metadata: held, spec: job({}) })),
  create('holds the pods of a CronJob', METADATA, 'batch/v1:cronjobs', cron({ spec: job({ metadata: held }) })),
  create('holds the claims of a StatefulSet', METADATA, 'apps/v1:statefulsets', claimTemplate(held)),
  create('has the claims of a StatefulSet owned', METADATA, 'apps/v1:statefulsets', claimTemplate({ ownerReferences: [BYSTANDER] })),
  change('holds the pods of a Deployment later', METADATA, 'apps/v1:deployments/plain', { spec: { template: { metadata: held } } }),
  ...['daemonsets', 'replicasets'].map((resource) =>
    create(
      `passes pods of its ${resource} off as ours`,
      METADATA,
      `apps/v1:${resource}`,
      workload({}, { labels: { a: 'b', 'keystone.io/controller': 'grant' } }),
    ),
  ),
  create('passes pods of a CronJob off as ours', METADATA, 'batch/v1:cronjobs', cron({ spec: job({ metadata: OURS }) })),
  create('passes jobs of a CronJob off as ours', METADATA, 'batch/v1:cronjobs', cron({ metadata: OURS, spec: job({}) })),
  create('passes claims of a StatefulSet off as ours', METADATA, 'apps/v1:statefulsets', claimTemplate(OURS)),
  { ...create('through a controller, passes a pod off as ours', METADATA, 'pods', podWith({ metadata: OURS })), who: 'controller' },
  { ...create('through a controller, passes a claim off as ours', METADATA, 'persistentvolumeclaims', claim({}, OURS)), who: 'controller' },
  { ...create('through a controller, holds a pod', METADATA, 'pods', podWith({ metadata: held })), who: 'controller' },
  { ...create('through a controller, holds a claim', METADATA, 'persistentvolumeclaims', claim({}, held)), who: 'controller' },
  {
    ...create('through a controller, has a claim filled', 'keystone-slice-claims', 'persistentvolumeclaims', {
      ...claim({}, { annotations: { 'k8s.io/CloneRequest': 'others/data' } }),
    }),
    who: 'controller',
  },
];
