import { Agent, request } from 'undici';
import type { Access, Api } from '../env/api.ts';
import { ok } from '../env/api.ts';
import { PATH } from './population.ts';

/** Sees, as anybody could, when what was asked for is in force. */
export interface Watcher {
  /** Milliseconds of performance.now() at which each object was first seen dealt with, by `name/generation`. */
  readonly settled: ReadonlyMap<string, number>;
  /** Resolves once so many have been seen. */
  reached(count: number): Promise<void>;
  stop(): Promise<void>;
}

interface Line {
  readonly object: { readonly metadata: { name: string; generation: number }; readonly status?: { observedGeneration?: number } };
}

/** Watches from now on, on a connection of its own. */
export async function watchWidgets(access: Access, api: Api): Promise<Watcher> {
  const { metadata } = ok<{ metadata: { resourceVersion: string } }>(await api.call('GET', `${PATH}?limit=1`));
  const dispatcher = new Agent({ connect: { ca: access.ca, cert: access.cert, key: access.key }, bodyTimeout: 0 });
  const stopping = new AbortController();
  const settled = new Map<string, number>();
  const waiting = new Set<{ readonly count: number; readonly callback: () => void }>();
  const see = (line: string): void => {
    const now = performance.now();
    const { object } = JSON.parse(line) as Line;
    const { name, generation } = object.metadata;
    const key = `${name}/${generation}`;
    if (object.status?.observedGeneration !== generation || settled.has(key)) return;
    settled.set(key, now);
    for (const entry of waiting) {
      if (settled.size < entry.count) continue;
      waiting.delete(entry);
      entry.callback();
    }
  };
  const { body } = await request(`${access.server}${PATH}?watch=true&resourceVersion=${metadata.resourceVersion}`, {
    dispatcher,
    signal: stopping.signal,
  });
  const ended = follow(body, see).catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    settled,
    reached: (count) =>
      Promise.race([
        settled.size >= count ? Promise.resolve() : new Promise<void>((callback) => waiting.add({ count, callback })),
        ended.then(() => Promise.reject(new Error('The watch ended before the benchmark did'))),
      ]),
    async stop() {
      stopping.abort();
      await ended;
      await dispatcher.destroy();
    },
  };
}

async function follow(body: AsyncIterable<Buffer>, see: (line: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) see(line);
  }
}
