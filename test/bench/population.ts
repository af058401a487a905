import { createHash } from 'node:crypto';
import { ok, type Api } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { widgetSchema } from './widget.ts';

/** Where all of the benchmark's objects are. */
export const NAMESPACE = 'default';
const GROUP = '/apis/bench.keystone.io/v1alpha1';
/** The collection of widgets. */
export const PATH = `${GROUP}/namespaces/${NAMESPACE}/benchwidgets`;
const CHILDREN = `/api/v1/namespaces/${NAMESPACE}/configmaps?labelSelector=keystone.io/controller=bench`;
const EVENTS = `/apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`;
/** Enough to keep two cores busy, few enough to leave the API server's queue short. */
const AT_ONCE = 8;
/** Deleting tens of thousands takes the API server a while. */
const DELETE_MS = 300_000;

/** The name of one object; the mere writer knows the rule too. */
export const nameOf = (i: number): string => `w${String(i).padStart(6, '0')}`;

/** Installs the kind and waits until it is served. */
export async function installKind(api: Api): Promise<void> {
  const { manifest } = widgetSchema;
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${manifest.metadata.name}?fieldManager=bench&force=true`;
  ok(await api.call('PATCH', path, { body: manifest, contentType: 'application/apply-patch+yaml' }));
  await eventually(async () => ok(await api.call('GET', PATH)));
}

/** Makes one object and says when it was asked for. */
export async function createWidget(api: Api, i: number): Promise<number> {
  const at = performance.now();
  ok(await api.call('POST', `${PATH}?fieldManager=a-user`, { body: widget(i) }));
  return at;
}

/** Makes objects as quickly as a few connections can. */
export async function createWidgets(api: Api, from: number, to: number): Promise<void> {
  let next = from;
  const work = async (): Promise<void> => {
    while (next < to) await createWidget(api, next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** A spec of a common size: about 300 bytes. */
const widget = (i: number): object => ({
  apiVersion: 'bench.keystone.io/v1alpha1',
  kind: 'BenchWidget',
  metadata: { name: nameOf(i) },
  spec: { revision: 0, text: createHash('sha512').update(nameOf(i)).digest('hex').repeat(2) },
});

/** Edits one object as a user would, and says when and what to wait for. */
export async function editWidget(api: Api, i: number, revision: number): Promise<{ readonly at: number; readonly key: string }> {
  const at = performance.now();
  const path = `${PATH}/${nameOf(i)}?fieldManager=a-user`;
  const answer = await api.call('PATCH', path, { body: { spec: { revision } }, contentType: 'application/merge-patch+json' });
  const { metadata } = ok<{ metadata: { name: string; generation: number } }>(answer);
  return { at, key: `${metadata.name}/${metadata.generation}` };
}

/** Takes everything away again. */
export async function clear(api: Api): Promise<void> {
  for (const path of [PATH, CHILDREN, EVENTS]) ok(await api.call('DELETE', path, { timeoutMs: DELETE_MS }));
}
