/** Root hooks of tests on real nodes: `mocha --require ./test/e2e/hooks.ts`. */
import { type Realm, startRealm } from '../env/realm.ts';

/** The first run builds what nodes consist of; each part of that has its own, shorter deadline. */
const FIRST_RUN_MS = 30 * 60_000;

let shared: Realm | undefined;

/** The realm of two nodes that all tests of this process share; a test that breaks one for good starts its own. */
export function realm(): Realm {
  if (shared === undefined) throw new Error('no realm: run mocha with --require ./test/e2e/hooks.ts, and ask for it inside a test or hook');
  return shared;
}

/** Starts the shared realm before the first test of the process and removes it after the last. */
export const mochaHooks: Mocha.RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(FIRST_RUN_MS);
    const since = performance.now();
    shared = await startRealm({ name: 'shared', nodes: 2 });
    console.log(`  a realm of two nodes up after ${((performance.now() - since) / 1000).toFixed(1)} s: ${shared.server}`);
  },
  async afterAll(this: Mocha.Context) {
    this.timeout(60_000);
    await shared?.stop();
    shared = undefined;
  },
};
