import type { K8sObject, Resource } from '../../api/meta/object.ts';
import { OWNER_ANNOTATION } from '../../controllers/runtime/ownership.ts';
import { collectionPath, isObject } from '../../controllers/runtime/resource.ts';
import { around, type ApiRequest } from '../../controllers/runtime/transport.ts';
import type { Wrap } from './disturbances.ts';

/**
 * Shows the cluster as if it held the owners in one namespace and what is theirs, and no others: so that many stories can be
 * told at once, and none is disturbed by what happens in another.
 */
export function onlyIn(namespace: string, owners: Resource): Wrap {
  const everywhere = collectionPath(owners);
  const narrowed = (request: ApiRequest): ApiRequest =>
    request.path === everywhere ? { ...request, path: collectionPath(owners, namespace) } : request;
  const isShown = ({ metadata }: K8sObject): boolean => metadata.annotations?.[OWNER_ANNOTATION]?.includes(` ${namespace}/`) !== false;
  return (inner) =>
    around(inner, {
      async request(request, signal) {
        const answer = await inner.request(narrowed(request), signal);
        return isList(answer) ? { ...answer, items: answer.items.filter((item) => !isObject(item) || isShown(item)) } : answer;
      },
      async *watch(request, signal) {
        for await (const batch of inner.watch(narrowed(request), signal))
          yield batch.filter((event) => event.type === 'BOOKMARK' || event.type === 'ERROR' || isShown(event.object));
      },
    });
}

const isList = (answer: unknown): answer is { readonly items: readonly unknown[] } =>
  typeof answer === 'object' && answer !== null && 'items' in answer && Array.isArray(answer.items);
