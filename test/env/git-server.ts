import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';
import type { Realm } from './realm.ts';

const NAMESPACE = 'git';
const REPOSITORY = 'fleet.git';
const PORT = 8080;

/** A repository that the Pods of a realm read over HTTP. */
export interface GitServer {
  /** Where Pods find it. */
  readonly url: string;
  /** A clone of it on this machine, for edits. */
  readonly folder: string;
  /** Commits and pushes whatever the clone's files have become, and returns the commit. */
  readonly push: (why: string) => Promise<string>;
}

/** Starts a Git server in a realm that has its image; it goes with the realm. */
export async function startGitServer(realm: Realm, image: string): Promise<GitServer> {
  await realm.apply(...serverOf(image));
  const kubectl = (...args: readonly string[]): Promise<string> => realm.kubectl(['-n', NAMESPACE, ...args], { withinMs: 100_000 });
  await kubectl('wait', '--for=condition=Available', 'deployment/git', '--timeout=90s');
  const port = await kubectl('get', 'service', 'git', '-o', 'jsonpath={.spec.ports[0].nodePort}');
  const folder = join(realm.workDir, 'fleet');
  mkdirSync(folder);
  const git = gitIn(folder);
  await git('init', '--quiet', '--initial-branch=main');
  await git('remote', 'add', 'origin', `http://${realm.nodes[0].address}:${port}/${REPOSITORY}`);
  // The Service is there before every node knows the way to it.
  await eventually(() => git('ls-remote', 'origin'), { withinMs: 30_000 });
  return {
    url: `http://git.${NAMESPACE}.svc.cluster.local/${REPOSITORY}`,
    folder,
    push: async (why) => {
      await git('add', '--all');
      await git('commit', '--quiet', '--message', why);
      await git('push', '--quiet', 'origin', 'main');
      return (await git('rev-parse', 'HEAD')).trim();
    },
  };
}

/** Git as if nobody had ever set anything up on this machine. */
function gitIn(folder: string): (...args: readonly string[]) => Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'alice-home',
    GIT_AUTHOR_EMAIL: 'alice@alice-home.example',
    GIT_COMMITTER_NAME: 'alice-home',
    GIT_COMMITTER_EMAIL: 'alice@alice-home.example',
  };
  // In one piece: a CGI program is told the length of what it gets.
  const settings = ['-c', 'http.postBuffer=100000000'];
  return async (...args) => (await promisify(execFile)('git', [...settings, ...args], { cwd: folder, env, timeout: 30_000 })).stdout;
}

function serverOf(image: string): readonly object[] {
  const labels = { app: 'git' };
  const metadata = { namespace: NAMESPACE, name: 'git' };
  const container = {
    name: 'git',
    image,
    imagePullPolicy: 'Never',
    args: [`/repositories/${REPOSITORY}`],
    env: [{ name: 'HOME', value: '/tmp' }],
    ports: [{ containerPort: PORT }],
    readinessProbe: { httpGet: { path: `/${REPOSITORY}/info/refs?service=git-upload-pack`, port: PORT }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'repositories', mountPath: '/repositories' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
  const spec = {
    securityContext: { runAsNonRoot: true, runAsUser: 65534, fsGroup: 65534 },
    terminationGracePeriodSeconds: 1,
    containers: [container],
    volumes: [
      { name: 'repositories', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
    ],
  };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    // This machine is no Pod: it comes in by a port of the node.
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { type: 'NodePort', selector: labels, ports: [{ port: 80, targetPort: PORT }] } },
  ];
}
