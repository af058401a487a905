import { kinds } from '../../api/kinds.ts';
import { collectionPath } from '../../controllers/runtime/resource.ts';
import { ok, type Api } from './api.ts';

/** What one file may leave and another would find: all that the operator keeps, but for the keys of a realm. */
const KEPT = [
  '/api/v1/namespaces/keystone-system/secrets',
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  ...kinds.map(({ resource }) => collectionPath(resource)),
];
const OF_THE_REALM = ['keystone-identity'];

/** Names what is still on the control plane that its next user would take for its own. */
export async function leftBehind(api: Api): Promise<readonly string[]> {
  const found = await Promise.all(
    KEPT.map(async (path) => {
      const answer = await api.call('GET', path);
      // Nobody has installed the kind, or it is being taken away.
      if (answer.status === 404) return [];
      const { items } = ok<{ items: readonly { metadata: { name: string } }[] }>(answer);
      return items
        .map(({ metadata: { name } }) => name)
        .filter((name) => !OF_THE_REALM.includes(name))
        .map((name) => `${path}/${name}`);
    }),
  );
  return found.flat();
}
