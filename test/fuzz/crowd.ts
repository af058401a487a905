/** Answers a crowd of reviews at once, each of which becomes twenty times as large as it came, and prints the codes: large ones, then ordinary ones. */
import { setTimeout as pause } from 'node:timers/promises';
import { quotaWebhook } from '../../controllers/grant/admission.ts';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { silentLogger } from '../../controllers/runtime/log.ts';
import { createMetrics } from '../../controllers/runtime/metrics.ts';
import { servedUnder } from '../../controllers/runtime/resource.ts';
import { answerBody } from '../../controllers/runtime/webhook-answer.ts';
import { createJudge } from '../../controllers/runtime/webhook-judge.ts';
import { scriptedTransport } from '../doubles/transport.ts';

const metadata = { name: 'grant', namespace: 'slice', uid: 'u', resourceVersion: '1' };
const quota = { metadata, status: { hard: { 'requests.cpu': '1' }, used: {} } };

/** A Pod that is beyond the quota, so that its review waits until the quota was read once more, with so much that means nothing. */
const beyondQuota = (nothings: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'u',
        operation: 'CREATE',
        namespace: 'slice',
        resource: { group: '', version: 'v1', resource: 'pods' },
        object: { spec: { containers: [{ resources: { requests: { cpu: '5' } } }] }, x: Array.from({ length: nothings }, () => ({})) },
      },
    }),
  );

const judge = createJudge(
  quotaWebhook,
  { get: (resource) => servedUnder(resource, quota), list: () => [], ownedBy: () => [] },
  {
    transport: scriptedTransport({ answer: () => pause(300, quota) }),
    clock: systemClock,
    log: silentLogger,
    metrics: createMetrics(),
    userAgent: 'crowd',
  },
);
const crowd = (size: number, body: Buffer): Promise<readonly number[]> =>
  Promise.all(Array.from({ length: size }, async () => (await answerBody(body, judge, 60_000)).code));
console.log(JSON.stringify(await Promise.all([crowd(40, beyondQuota(240_000)), crowd(100, beyondQuota(950))])));
