import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Secret } from '../../api/meta/builtin.ts';
import type { Grant } from '../../api/keystone/v1alpha1/grant.ts';
import { ok } from '../env/api.ts';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { createNamespace, deleteNamespace } from '../env/namespace.ts';
import { OPERATOR_NAMESPACE, freePort, installOperator, startOperator, type OperatorProcess } from '../env/operator.ts';
import { grant, grantsIn } from '../grant/schema.ts';

const SECRETS = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/secrets`;

/** A secret as it may look in a text: as it is, in base64 once and twice, in hex, and in JSON. */
function disguises(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const decoded = Buffer.from(secret, 'base64');
  return [secret, JSON.stringify(secret).slice(1, -1), bytes.toString('base64'), bytes.toString('hex'), decoded.toString('hex')];
}

describe('what the operator keeps to itself', () => {
  let namespace = '';
  let operator: OperatorProcess;
  const canary = `canary-${randomBytes(24).toString('hex')}`;

  before(async () => (namespace = await createNamespace(api())));
  after(async () => {
    await operator.stop();
    await api().call('DELETE', `${SECRETS}/canary`);
    await api().call('DELETE', '/apis/guildnet.io/v1alpha1/clusterregistrations/local');
    await deleteNamespace(api(), namespace);
  });

  it('are secrets: none is in a log, an event, a status, a metric or a path, through a whole life and trouble (checklist 38)', async () => {
    const { kubeconfig } = await installOperator(controlPlane());
    ok(await api().call('POST', SECRETS, { body: { metadata: { name: 'canary' }, stringData: { canary } } }));
    const port = await freePort();
    operator = await startOperator({
      kubeconfig,
      env: { KEYSTONE_REALM: 'alice-home' },
      args: [
        '--log-level=debug',
        // An API server that starts anew beside others may take longer than a leader waits by itself.
        '--leader-elect-lease-duration=120s',
        '--leader-elect-renew-deadline=110s',
        `--grant-namespaces=${namespace}`,
        '--capacity-reserve=0',
        `--metrics-bind-address=127.0.0.1:${port}`,
        '--metrics-secure=false',
      ],
    });
    await operator.ready();
    const grants = grantsIn(namespace);
    const reason = async (type: string) =>
      ok<Grant>(await api().call('GET', `${grants}/one`)).status?.conditions?.find((condition) => condition.type === type)?.reason;
    ok(await api().call('POST', grants, { body: grant({ overcommit: 'Allow' }) }));
    await eventually(async () => expect(await reason('Usable')).to.equal('InForce'), { withinMs: 30_000 });
    // Trouble makes talkative.
    await controlPlane().signal('kube-apiserver', 'KILL');
    await controlPlane().ready();
    await eventually(
      async () =>
        ok(await api().call('PATCH', `${grants}/one`, { body: { spec: { revoked: true } }, contentType: 'application/merge-patch+json' })),
      { withinMs: 60_000 },
    );
    await eventually(async () => expect(await reason('Ready')).to.equal('Revoked'), { withinMs: 60_000 });
    const said: Readonly<Record<string, string>> = {
      log: operator.output(),
      metrics: await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
      ...Object.fromEntries(await Promise.all(PUBLIC.map(async (path) => [path, JSON.stringify((await api().call('GET', path)).body)]))),
      audit: readFileSync(controlPlane().auditLog, 'utf8'),
    };
    for (const [where, text] of Object.entries(said)) expect(text.length, `${where} says something`).to.be.above(100);
    for (const secret of await secretsOf(kubeconfig))
      for (const disguise of disguises(secret))
        for (const [where, text] of Object.entries(said))
          expect(text.includes(disguise), `a secret of ${secret.length} characters in ${where}`).to.equal(false);
    await api().call('DELETE', `${grants}/one`);
    await eventually(async () => expect((await api().call('GET', `${grants}/one`)).status).to.equal(404), { withinMs: 30_000 });
  }).timeout(180_000);

  /** What anybody in the cluster may be permitted to read. */
  const PUBLIC = [
    '/api/v1/events',
    '/api/v1/namespaces',
    '/apis/keystone.io/v1alpha1/grants',
    '/apis/guildnet.io/v1alpha1/clusterregistrations',
    '/apis/coordination.k8s.io/v1/leases',
  ];

  /** What stands in a Secret beside its secrets: who the realm is, and certificates. */
  const SHOWN = /^(?:realm|clusterID|.*\.crt)$/;

  /** The operator's token, whole and its signature alone, and every value of every Secret in its namespace. */
  async function secretsOf(kubeconfig: string): Promise<readonly string[]> {
    const { users } = parse(readFileSync(kubeconfig, 'utf8')) as { users: [{ user: { token: string } }] };
    const { token } = users[0].user;
    const { items } = ok<{ items: Secret[] }>(await api().call('GET', SECRETS));
    const values = items.flatMap(({ data = {} }) => Object.entries(data).flatMap(([key, value]) => (SHOWN.test(key) ? [] : [value])));
    expect(items.map(({ metadata }) => metadata.name)).to.include.members(['canary', 'keystone-identity']);
    const texts = values.map((value) => Buffer.from(value, 'base64').toString('utf8'));
    // Of a key in PEM also the middle, without line ends and labels.
    const bodies = texts.map((text) => text.replaceAll(/-----[^-]+-----|\s/g, ''));
    return [token, token.split('.')[2] ?? '', ...values, ...texts, ...bodies];
  }
});
