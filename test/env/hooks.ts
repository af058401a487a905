/** Root hooks of every suite that needs a control plane: `mocha --require ./test/env/hooks.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATOR_USER } from '../../api/keystone/v1alpha1/grant.policies.ts';
import { type Api, connect } from './api.ts';
import { doneBy, forbiddenTo } from './audit.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { stopFluxStatus } from './kstatus.ts';
import { leftBehind } from './left-behind.ts';

/** The first run builds Kubernetes; each part of that has its own, shorter deadline. */
const FIRST_RUN_MS = 30 * 60_000;

let shared: { readonly plane: ControlPlane; readonly api: Api } | undefined;

/** The control plane that all tests of this process share; a test that breaks one for good starts its own. */
export function controlPlane(): ControlPlane {
  return started().plane;
}

/** The administrator's connection to the shared control plane. */
export function api(): Api {
  return started().api;
}

function started(): { readonly plane: ControlPlane; readonly api: Api } {
  if (shared === undefined)
    throw new Error('no control plane: run mocha with --require ./test/env/hooks.ts, and ask for it inside a test or hook');
  return shared;
}

/** Said once: what one file leaves is no failure of all files after it. */
const blamed = new Set<string>();

/** Files run in another order on every machine: what one leaves would fail whichever happens to be next. */
async function nothingLeft(): Promise<void> {
  let left: readonly string[] = [];
  try {
    await eventually(
      async () => {
        left = (await leftBehind(api())).filter((path) => !blamed.has(path));
        if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
      },
      { withinMs: 60_000 },
    );
  } finally {
    for (const path of left) blamed.add(path);
  }
}

/** Starts the shared control plane before the first test of the process and removes it after the last. */
export const mochaHooks: Mocha.RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(FIRST_RUN_MS);
    const since = performance.now();
    const plane = await startControlPlane();
    shared = { plane, api: connect(plane) };
    for (const file of this.test?.parent?.suites ?? []) file.afterAll('leaves nothing to the next file', nothingLeft);
    console.log(`  control plane up after ${((performance.now() - since) / 1000).toFixed(1)} s: ${plane.server}`);
  },
  async afterAll(this: Mocha.Context) {
    stopFluxStatus();
    const refused = shared === undefined ? [] : forbiddenTo('keystone-operator', shared.plane);
    // The runner puts together what all processes have seen (checklist 41).
    const folder = process.env['RIGHTS_FOLDER'];
    if (shared !== undefined && folder !== undefined)
      writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(doneBy(OPERATOR_USER, shared.plane)));
    await shared?.api.close();
    await shared?.plane.stop();
    shared = undefined;
    if (refused.length > 0) throw new Error(`The operator lacks rights (checklist 41):\n${refused.join('\n')}`);
  },
};
