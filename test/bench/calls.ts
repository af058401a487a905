import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../env/api.ts';

/** How many requests the API server has answered, by verb and resource, such as `APPLY benchwidgets/status`. */
export type Calls = ReadonlyMap<string, number>;

const SERIES = /^apiserver_request_total\{(?<labels>[^}]*)\} (?<count>\S+)$/gm;
const LABEL = /(?<name>\w+)="(?<value>[^"]*)"/g;
/** What a contestant touches; on everything else the API server talks to itself. */
const TOUCHED = new Set(['benchwidgets', 'configmaps', 'events']);

/** Reads the API server's own count out of the text of its metrics. */
export function parseCalls(metrics: string): Calls {
  const calls = new Map<string, number>();
  for (const { groups } of metrics.matchAll(SERIES)) {
    const { verb, resource = '', subresource = '' } = labelsOf(groups?.['labels'] ?? '');
    const key = `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`;
    if (TOUCHED.has(resource)) calls.set(key, (calls.get(key) ?? 0) + Number(groups?.['count']));
  }
  return calls;
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(LABEL)].map(({ groups }) => [groups?.['name'] ?? '', groups?.['value'] ?? '']));

/** The API server's count as of now. */
export async function countCalls(api: Api): Promise<Calls> {
  const { body } = await api.call('GET', '/metrics');
  return parseCalls(String(body));
}

/** Events are told on the side, and a busy machine lets them wait: a count is final once nothing was added to it for a while. */
const STILL_MS = 1500;

/** The API server's count as soon as it stands still. */
export async function finalCalls(api: Api): Promise<Calls> {
  for (let last = await countCalls(api); ;) {
    await sleep(STILL_MS);
    const now = await countCalls(api);
    if (callsBetween(last, now).all === 0) return now;
    last = now;
  }
}

/** What this program does itself, and what comes once per process and not per object. */
const NOT_PER_OBJECT = /^(?:POST benchwidgets|PATCH benchwidgets|DELETECOLLECTION .*|LIST .*|WATCH .*)$/;
const READS = /^GET /;

/** What was called between two counts on behalf of objects: all of it, and the part that asks to change something. */
export function callsBetween(before: Calls, after: Calls): { readonly all: number; readonly writes: number; readonly by: Calls } {
  const by = new Map(
    [...after]
      .map(([key, count]) => [key, count - (before.get(key) ?? 0)] as const)
      .filter(([key, n]) => n > 0 && !NOT_PER_OBJECT.test(key)),
  );
  const sum = (keys: readonly string[]) => keys.reduce((total, key) => total + (by.get(key) ?? 0), 0);
  const keys = [...by.keys()];
  return { all: sum(keys), writes: sum(keys.filter((key) => !READS.test(key))), by };
}
