/** What an attack is, and short ways to write one. */
import { podSpec } from './grant.hostile-pods.ts';
import type { Act } from './grant.slice.ts';

/** One attack, and the policy that stops it. */
export interface Attack extends Act {
  readonly name: string;
  readonly by: string;
  /** Of a patch; a merge patch if nothing is said. */
  readonly contentType?: string;
  /** `guest` unless somebody else tries. */
  readonly who?: 'guest' | 'workload' | 'neighbour' | 'controller' | 'owner';
}

// The policies that stop most of them.
export const LIMITS = 'keystone-slice-limits';
export const METADATA = 'keystone-slice-metadata';
export const KINDS = 'keystone-slice-kinds';

/** Somebody makes, changes or removes something. */
export const create = (name: string, by: string, path: string, body: object): Attack => ({ name, by, method: 'POST', path, body });
export const change = (name: string, by: string, path: string, body: object): Attack => ({ name, by, method: 'PATCH', path, body });
export const remove = (name: string, by: string, path: string): Attack => ({ name, by, method: 'DELETE', path });

// What they send.
export const named = (name: string, more: object = {}): object => ({ metadata: { name }, ...more });
export const labelled = (name: string, labels: object): object => ({ metadata: { name, labels } });
export const patch = (metadata: object): object => ({ metadata });
/** A Deployment or the like, with what makes it and its template different. */
export const workload = (more: object, template: object = {}): object => ({
  metadata: { name: 'x' },
  spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' }, ...template }, spec: podSpec() }, ...more },
});
/** A claim on what is lent, with what makes it different. */
export const claim = (spec: object, metadata: object = {}): object => ({
  metadata: { name: 'x', ...metadata },
  spec: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
