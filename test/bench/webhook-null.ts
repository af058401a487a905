import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { issueAuthority, issueServer } from '../../controllers/runtime/certificates.ts';
import { ok, type Api } from '../env/api.ts';
import type { ControlPlane } from '../env/control-plane.ts';
import { freePort, OPERATOR_NAMESPACE } from '../env/operator.ts';
import { addressFor } from '../webhook/world.ts';
import { ensurePeer } from './peer.ts';
import { cpuSeconds } from './proc.ts';

const NAME = 'null-webhook';

/** A webhook in Go that lets everything pass, reached as ours is: by a Service, over TLS. */
export interface NullWebhook {
  /** As ours is registered, but for whom to ask. */
  readonly registration: object;
  readonly cpuMs: () => number;
  readonly stop: () => Promise<void>;
}

/** Starts it, and tells the API server where it is. */
export async function startNullWebhook(plane: ControlPlane, api: Api, ours: string): Promise<NullWebhook> {
  const peer = await ensurePeer();
  const folder = mkdtempSync(join(tmpdir(), 'keystone-null-'));
  const validity = { from: new Date(Date.now() - 60_000), until: new Date(Date.now() + 86_400_000) };
  const authority = issueAuthority(NAME, validity);
  const server = issueServer({ ...authority, name: NAME }, [`${NAME}.${OPERATOR_NAMESPACE}.svc`], validity);
  writeFileSync(join(folder, 'cert'), server.cert);
  writeFileSync(join(folder, 'key'), server.key);
  const [address, port] = [addressFor(plane), await freePort()];
  const child = spawn(
    peer,
    [`--reviews-bind-address=${address}:${port}`, `--certificate=${join(folder, 'cert')}`, `--key=${join(folder, 'key')}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  const ports = [{ name: 'https', port: 443, protocol: 'TCP' }];
  const metadata = { name: NAME, labels: { 'kubernetes.io/service-name': NAME } };
  ok(await api.call('POST', `/api/v1/namespaces/${OPERATOR_NAMESPACE}/services`, { body: { metadata: { name: NAME }, spec: { ports } } }));
  const endpoints = [{ addresses: [address], conditions: { ready: true } }];
  ok(
    await api.call('POST', `/apis/discovery.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/endpointslices`, {
      body: { metadata, addressType: 'IPv4', endpoints, ports: [{ name: 'https', port, protocol: 'TCP' }] },
    }),
  );
  const registered = parse(readFileSync(ours, 'utf8')) as { readonly webhooks: readonly object[] };
  const service = { name: NAME, namespace: OPERATOR_NAMESPACE, path: '/', port: 443 };
  const caBundle = Buffer.from(authority.cert).toString('base64');
  return {
    registration: {
      ...registered,
      metadata: { name: NAME },
      webhooks: registered.webhooks.map((webhook) => ({ ...webhook, name: 'null.keystone.io', clientConfig: { service, caBundle } })),
    },
    cpuMs: () => cpuSeconds(child.pid ?? 0) * 1000,
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
