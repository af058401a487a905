import { randomUUID } from 'node:crypto';
import type { Api } from './api.ts';

/** Gives every test of the surrounding describe() a namespace of its own; the returned function names the current one. */
export function useNamespace(api: () => Api): () => string {
  let name = '';
  beforeEach(async () => {
    name = await createNamespace(api());
  });
  // Nobody waits until it is gone: the next test has another one.
  afterEach(() => deleteNamespace(api(), name));
  return () => name;
}

/** Creates a namespace that nobody has used before and returns its name. */
export async function createNamespace(api: Api): Promise<string> {
  const name = `test-${randomUUID().slice(0, 8)}`;
  const { status, body } = await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
  if (status !== 201) throw new Error(`creating namespace ${name}: ${status} ${JSON.stringify(body)}`);
  return name;
}

/** Asks for the end of a namespace with everything in it. */
export async function deleteNamespace(api: Api, name: string): Promise<void> {
  await api.call('DELETE', `/api/v1/namespaces/${name}`);
}
