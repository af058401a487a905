import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { ControlPlane } from '../env/control-plane.ts';
import { podWith } from '../integration/grant.hostile-pods.ts';
import { quantile } from './stats.ts';

/** How many writes there are, how many at most at once, and how many a second; without a pace as fast as answers come. */
export interface Load {
  readonly creates: number;
  readonly atOnce: number;
  readonly perSecond?: number;
}

/** Milliseconds that writes took, from when each was due. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly mean: number;
}

export const timesOf = (all: readonly number[]): Times => ({
  p50: quantile(all, 0.5),
  p99: quantile(all, 0.99),
  mean: all.reduce((sum, ms) => sum + ms, 0) / all.length,
});

export const podsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

/** A decent Pod that asks for so much processor. */
export const podAsking = (cpu: string, name: string): object =>
  podWith({ container: { resources: { requests: { cpu, memory: '1Mi' }, limits: { cpu, memory: '1Mi' } } } }, name);

/** Creates Pods in these namespaces by turns, and says how long each took. */
export async function createPods(plane: ControlPlane, namespaces: readonly string[], round: string, load: Load): Promise<Times> {
  const dispatcher = new Agent({ allowH2: false, connections: load.atOnce, connect: { ca: plane.ca, cert: plane.cert, key: plane.key } });
  const began = performance.now();
  const times: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < load.creates; at = next++) {
      const due = load.perSecond === undefined ? performance.now() : began + (at * 1000) / load.perSecond;
      await sleep(Math.max(0, due - performance.now()));
      const answer = await request(`${plane.server}${podsIn(namespaces[at % namespaces.length] ?? '')}`, {
        method: 'POST',
        dispatcher,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(podAsking('1m', `${round}-${at}`)),
      });
      const text = await answer.body.text();
      // A write that had to wait for a free hand was late for whoever asked.
      times.push(performance.now() - due);
      if (answer.statusCode !== 201) throw new Error(text);
    }
  };
  await Promise.all(Array.from({ length: load.atOnce }, work));
  await dispatcher.destroy();
  return timesOf(times);
}
