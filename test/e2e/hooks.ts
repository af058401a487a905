/** What tests on real nodes share: `mocha --require ./test/e2e/hooks.ts`. */
import { type Realm, startRealm } from '../env/realm.ts';

/** The first run builds what nodes consist of; each part of that has its own, shorter deadline. */
const FIRST_RUN_MS = 30 * 60_000;

let shared: Realm | undefined;

/** The realm of two nodes that the tests of this process share; a test that breaks one for good starts its own. */
export function realm(): Realm {
  if (shared === undefined) throw new Error('no realm: call useRealm() in the describe(), and ask for it inside a test or hook');
  return shared;
}

/** Gives the tests of the surrounding describe() the shared realm. It starts when the first of them needs it: others have theirs alone. */
export function useRealm(): void {
  before(async function () {
    this.timeout(FIRST_RUN_MS);
    if (shared !== undefined) return;
    const since = performance.now();
    shared = await startRealm({ name: 'shared', nodes: 2 });
    console.log(`      a realm of two nodes up after ${((performance.now() - since) / 1000).toFixed(1)} s: ${shared.server}`);
  });
}

/** Removes the shared realm after the last test. */
export const mochaHooks: Mocha.RootHookObject = {
  async afterAll(this: Mocha.Context) {
    await shared?.stop();
    shared = undefined;
  },
};
