import { setTimeout as sleep } from 'node:timers/promises';
import type { K8sObject } from '../../api/meta/object.ts';
import { quotaWebhook } from '../../controllers/grant/admission.ts';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { silentLogger } from '../../controllers/runtime/log.ts';
import { createMetrics } from '../../controllers/runtime/metrics.ts';
import { servedUnder } from '../../controllers/runtime/resource.ts';
import { answerBody } from '../../controllers/runtime/webhook-answer.ts';
import { createJudge } from '../../controllers/runtime/webhook-judge.ts';
import { scriptedTransport } from '../doubles/transport.ts';
import { podAsking, timesOf, type Times } from './webhook-load.ts';

/** Decides at a steady pace, from the bytes of a review to those of its answer; a tenth are refusals, which read the quota once more. */
export async function decisions(perSecond: number, seconds: number): Promise<Times> {
  const metadata = { name: 'grant', namespace: 'slice', uid: 'u', resourceVersion: '1' };
  const quota = { metadata, status: { hard: { pods: '10k', 'requests.cpu': '4', 'limits.cpu': '4' }, used: { pods: '5' } } };
  const reader: Parameters<typeof createJudge>[1] = {
    get: (resource) => servedUnder(resource, quota satisfies K8sObject),
    list: () => [],
    ownedBy: () => [],
  };
  const options = { transport: scriptedTransport({ answer: () => quota }), clock: systemClock, log: silentLogger, userAgent: 'bench' };
  const judge = createJudge(quotaWebhook, reader, { ...options, metrics: createMetrics() });
  const bodies = Array.from({ length: 10 }, (_, at) => reviewOf(podAsking(at === 0 ? '5' : '1', 'pod')));
  const times: number[] = [];
  const decide = async (at: number): Promise<void> => {
    const started = performance.now();
    await answerBody(bodies[at % bodies.length] ?? Buffer.alloc(0), judge, 5_000);
    times.push(performance.now() - started);
  };
  for (let at = 0; at < 2_000; at++) await decide(at);
  times.length = 0;
  const started = performance.now();
  while (times.length < perSecond * seconds) {
    const due = ((performance.now() - started) / 1000) * perSecond;
    for (let at = times.length; at < due; at++) await decide(at);
    await sleep(1);
  }
  return timesOf(times);
}

const reviewOf = (object: object): Buffer =>
  Buffer.from(
    JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
        operation: 'CREATE',
        resource: { group: '', version: 'v1', resource: 'pods' },
        namespace: 'slice',
        object,
      },
    }),
  );
