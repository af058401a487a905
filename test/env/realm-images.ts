import { spawn } from 'node:child_process';
import type { Realm } from './realm.ts';

/** Under this name every node pulls from its realm's own registry. */
const REGISTRY = 'registry.realm';

/** The machines of a realm, by the names of their containers. */
export interface Nodes {
  readonly nodes: readonly { readonly name: string }[];
}

/** Brings an image that Docker has onto every node of a realm; Pods name it as Docker does, and never pull it. */
export async function loadImage(realm: Nodes, image: string): Promise<void> {
  await Promise.all(realm.nodes.map((node) => load(node, image)));
}

/**
 * Pushes an image that Docker has into a realm's registry, and returns the name under which Pods pull it. A node that has the very
 * same image under another name, and pulls it, forgets the other name (containerd 1.6).
 */
export async function pushImage({ nodes: [first] }: Realm, image: string): Promise<string> {
  await load(first, image);
  const path = image.slice(image.indexOf('/') + 1);
  const ctr = (...args: readonly string[]): Promise<string> => first.exec('ctr', '--namespace', 'k8s.io', 'images', ...args);
  const target = `127.0.0.1:5000/${path}`;
  await ctr('tag', image, target);
  await ctr('push', '--plain-http', target);
  await ctr('rm', target);
  return `${REGISTRY}/${path}`;
}

/** From one Docker command to the other, without a file between. */
async function load({ name }: Nodes['nodes'][number], image: string): Promise<void> {
  const save = spawn('docker', ['save', image], { stdio: ['ignore', 'pipe', 'pipe'] });
  const imports = spawn('docker', ['exec', '-i', name, 'ctr', '--namespace', 'k8s.io', 'images', 'import', '-'], {
    stdio: [save.stdout, 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [save.stderr, imports.stdout, imports.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    imports.on('error', reject).on('close', resolve);
    save.on('error', reject);
  });
  // It may wait for ever for somebody who reads on.
  save.kill();
  if (code !== 0) throw new Error(`${image} did not get onto ${name} (${code}): ${said.trim()}`);
}
