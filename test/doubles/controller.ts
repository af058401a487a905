import { createCaches } from '../../controllers/runtime/caches.ts';
import { defineController } from '../../controllers/runtime/controller.ts';
import type { ControllerSpec, Scope } from '../../controllers/runtime/definition.ts';
import { silentLogger } from '../../controllers/runtime/log.ts';
import { createMetrics } from '../../controllers/runtime/metrics.ts';
import { generationChanged } from '../../controllers/runtime/predicates.ts';
import type { ApiRequest } from '../../controllers/runtime/transport.ts';
import type { K8sObject } from '../../api/meta/object.ts';
import { Parcel } from '../parcel/parcel.ts';
import { fakeClock } from './clock.ts';
import { event, initialEnd, scriptedTransport } from './transport.ts';

/** A Parcel as the API server would show it. */
export const parcel = (name: string, resourceVersion: string, more: Partial<Parcel['metadata']> = {}, text = 'one'): Parcel => ({
  metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion, generation: Number(resourceVersion), ...more },
  spec: { text },
  status: { observedGeneration: -1 },
});

/** What comes before the answer to a request. */
export type Before = (request: ApiRequest, signal?: AbortSignal) => Promise<void> | void;
/** What is done in a pass. */
export type Pass = (scope: Scope<Parcel, object>) => Promise<void>;

/** One controller on a scripted API server and a clock that stands still, before it works: every write is answered with the object as it was sent. */
export async function standBy(initial: readonly Parcel[], spec: Partial<ControllerSpec<Parcel, object>> = {}, before: Before = () => {}) {
  const clock = fakeClock();
  const transport = scriptedTransport({
    answer: async (request, signal) => (await before(request, signal), answerTo(request, initial)),
  });
  const metrics = createMetrics();
  const caches = createCaches({ transport, clock, log: silentLogger, metrics });
  const worker = defineController<Parcel, object>({
    name: 'parcel',
    for: Parcel,
    when: generationChanged,
    facts: () => ({}),
    plan: () => [],
    status: () => ({ ready: { status: 'True', reason: 'Kept', message: 'All is well' } }),
    ...spec,
  }).wire({ transport, caches, clock, log: silentLogger, metrics, userAgent: 'test' });
  const stopCaches = new AbortController();
  const caching = caches.run(stopCaches.signal);
  await clock.advance(0);
  const [watch, beside] = transport.watches;
  watch?.send(...initial.map((object) => event('ADDED', object)), initialEnd('1000'));
  beside?.send(initialEnd('1000'));
  await clock.advance(0);
  const end = async (): Promise<void> => {
    stopCaches.abort();
    await clock.advance(1);
    await caching;
  };
  return { clock, transport, metrics, watch, beside, worker, end };
}

/** The same at work. */
export async function start(
  pass: Pass,
  initial: readonly Parcel[],
  spec: Partial<ControllerSpec<Parcel, object>> = {},
  before: Before = () => {},
) {
  const { clock, transport, metrics, watch, beside, worker, end } = await standBy(initial, { plan: () => [pass], ...spec }, before);
  const stop = new AbortController();
  const working = worker.run(stop.signal);
  await clock.advance(0);
  return {
    clock,
    metrics,
    live: (object: Parcel) => watch?.send(event('MODIFIED', object)),
    beside: (type: 'ADDED' | 'MODIFIED', object: K8sObject) => beside?.send(event(type, object)),
    writes: () => transport.requests.filter(({ method, path }) => method !== 'GET' && !path.endsWith('/events')),
    stopping: () => stop.abort(),
    end: async () => {
      stop.abort();
      await clock.advance(30_000);
      await working;
      await end();
    },
  };
}

function answerTo({ path, body }: ApiRequest, objects: readonly Parcel[]): object {
  const object = objects.find(({ metadata }) => path.split('/').includes(metadata.name));
  const sent = typeof body === 'object' && body !== null ? body : {};
  // Seen long ago: the gate has nothing to wait for.
  return { ...object, ...sent, metadata: { ...object?.metadata, resourceVersion: '1' } };
}
