import type { ConditionedStatus, K8sObject } from '../../api/meta/object.ts';
import { saysSame, type Conditioned } from './conditions.ts';
import { keyOf } from './resource.ts';
import type { Change } from './store.ts';

/**
 * Tells what others say in a status from our own words that come back. A predecessor may have written one that the copies did not
 * show yet when we started, and a hand may write one at any time: neither changes a generation, so no predicate would let it pass.
 */
export interface OwnWords {
  /** Notes what is about to be written. */
  say(object: K8sObject, status: ConditionedStatus): void;
  /** Whether somebody else has changed the status. */
  isByOthers(change: Change<Conditioned>): boolean;
  /** The copies are as new as our last write. */
  heard(key: string): void;
}

/** Nothing was said yet. */
export function createOwnWords(): OwnWords {
  const said = new Map<string, ConditionedStatus>();
  return {
    say: (object, status) => void said.set(keyOf(object), status),
    isByOthers(change) {
      if (change.kind !== 'updated') return false;
      const { previous, next } = change;
      const ours = said.get(keyOf(next));
      // Nearly always it is ours, and that is the cheaper question.
      return !(ours !== undefined && saysSame(ours, next.status)) && !saysSame(previous.status, next.status);
    },
    heard: (key) => void said.delete(key),
  };
}
