import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KUBECTL } from '../../hack/testbed/hyper.ts';
import { ROOT, run } from '../../hack/testbed/steps.ts';
import { must } from './operator.ts';
import { loadImage, type Nodes } from './realm-images.ts';
import type { Realm } from './realm.ts';

const IMAGE = 'keystone-operator:e2e';

/** Builds the image that users get and brings it onto the nodes of a realm; returns its name. */
export async function loadOperator(realm: Nodes): Promise<string> {
  await run(process.execPath, ['hack/image/build.ts', `--img=${IMAGE}`]);
  await loadImage(realm, IMAGE);
  return IMAGE;
}

/** All manifests of an installation, as `make deploy` applies them. */
export async function renderInstall(image: string, realmName: string): Promise<string> {
  const env = { ...process.env, KUBECTL, REALM: realmName };
  return (await promisify(execFile)('hack/deploy/render.sh', [image], { cwd: ROOT, env, maxBuffer: 64 << 20 })).stdout;
}

/** Installs the operator as people do, and returns when the realm knows who it is. */
export async function installInto(realm: Nodes & Pick<Realm, 'kubeconfigPath'>, realmName: string): Promise<void> {
  const manifests = await renderInstall(await loadOperator(realm), realmName);
  await must(realm, ['apply', '--server-side', '--filename', '-'], { stdin: manifests });
  const wait = (...args: readonly string[]): Promise<string> => must(realm, [...args, '--timeout=90s'], { withinMs: 100_000 });
  await wait('-n', 'keystone-system', 'rollout', 'status', 'deployment/keystone-operator');
  await wait('wait', '--for=create', 'clusterregistration/local');
  await wait('wait', '--for=condition=Ready', 'clusterregistration/local');
}
