import { ok } from '../env/api.ts';
import { api } from '../env/hooks.ts';
import type { K8sObject } from '../../api/meta/object.ts';

/** The objects under a path, each with the kind that a list leaves out. */
export async function listOf<T extends K8sObject = K8sObject>(path: string, kind: string): Promise<readonly T[]> {
  const { items } = ok<{ items: T[] }>(await api().call('GET', path));
  return items.map((item) => ({ ...item, kind }));
}
