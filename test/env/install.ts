import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { KUBECTL } from '../../hack/testbed/hyper.ts';
import { attempt, ROOT, run } from '../../hack/testbed/steps.ts';
import { must } from './operator.ts';
import { loadImage, type Nodes } from './realm-images.ts';
import type { Realm } from './realm.ts';

/** Each checkout builds under a name of its own, and installs what it built: a tag that stays the same would start nothing anew. */
const BUILT = `keystone-operator:${createHash('sha256').update(ROOT).digest('hex').slice(0, 8)}`;

/** Builds the image that users get and brings it onto the nodes of a realm; returns its name. */
export async function loadOperator(realm: Nodes): Promise<string> {
  await run(process.execPath, ['hack/image/build.ts', `--img=${BUILT}`]);
  const id = attempt('docker', 'image', 'inspect', '--format', '{{.Id}}', BUILT).output;
  const image = `keystone-operator:${id.replace('sha256:', '').slice(0, 12)}`;
  await run('docker', ['tag', BUILT, image]);
  await loadImage(realm, image);
  return image;
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
