import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { ensurePrometheus } from '../../hack/testbed/debian.ts';
import { ok } from '../env/api.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { eventually } from '../env/eventually.ts';
import { OPERATOR_NAMESPACE, freePort, installOperator, must, startOperator, type OperatorProcess } from '../env/operator.ts';
import { grant, grantsIn } from '../grant/schema.ts';
import { carry } from '../grant/realm.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}
const READER = 'config/prometheus/reader.yaml';
const rules = parse(readFileSync('config/prometheus/rules.yaml', 'utf8')) as { spec: { groups: { rules: Rule[] }[] } };
const dashboard = JSON.parse(readFileSync('config/grafana/dashboard.json', 'utf8')) as {
  panels: { title: string; targets: { expr: string }[] }[];
};
/** Between two looks at the operator, and at the rules. */
const INTERVAL_MS = 1_000;
/** More than the queue of one that works may hold for long. */
const MANY = 101;
/** The names of series in an expression. */
const namesIn = (expr: string): readonly string[] =>
  expr.match(/\b(?:controller_runtime|workqueue|rest_client|leader_election|keystone|nodejs|process)_\w+/g) ?? [];

describe('a real Prometheus', () => {
  let folder = '';
  let url = '';
  let prometheus: ChildProcess;
  let operator: OperatorProcess;
  let other: OperatorProcess;

  before(async () => {
    const tools = await ensurePrometheus();
    const plane = controlPlane();
    const { kubeconfig } = await installOperator(plane);
    await must(plane, ['apply', '--server-side', '-k', 'config/webhook']);
    const [metrics, others, own] = [await freePort(), await freePort(), await freePort()];
    operator = await startOperator({
      kubeconfig,
      env: { KEYSTONE_REALM: 'alice-home' },
      args: [`--metrics-bind-address=127.0.0.1:${metrics}`, `--webhook-bind-address=127.0.0.1:${await freePort()}`],
    });
    await operator.ready();
    other = await startOperator({ kubeconfig, args: [`--metrics-bind-address=127.0.0.1:${others}`, '--webhook-bind-address=0'] });
    await other.ready();
    // As the ServiceMonitor has it.
    await must(plane, ['apply', '-f', READER]);
    const readToken = ['get', 'secret/keystone-metrics-reader', '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.data.token}'];
    const token = await eventually(async () => {
      const data = await must(plane, readToken);
      expect(data).not.to.equal('');
      return Buffer.from(data, 'base64').toString();
    });
    folder = mkdtempSync(join(tmpdir(), 'keystone-prometheus-'));
    writeFileSync(join(folder, 'token'), token);
    writeFileSync(join(folder, 'rules.yaml'), stringify(rules.spec));
    const scrape = {
      job_name: 'keystone-operator',
      scheme: 'https',
      tls_config: { insecure_skip_verify: true },
      authorization: { credentials_file: join(folder, 'token') },
      static_configs: [{ targets: [metrics, others].map((port) => `127.0.0.1:${port}`) }],
    };
    const config = {
      global: { scrape_interval: `${INTERVAL_MS}ms`, evaluation_interval: `${INTERVAL_MS}ms` },
      rule_files: [join(folder, 'rules.yaml')],
      scrape_configs: [scrape],
    };
    writeFileSync(join(folder, 'prometheus.yaml'), stringify(config));
    url = `http://127.0.0.1:${own}`;
    prometheus = spawn(
      tools.prometheus,
      [`--config.file=${folder}/prometheus.yaml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${own}`],
      { stdio: 'ignore' },
    );
    await must(plane, ['wait', '--for=condition=Ready', 'clusterregistration/local', '--timeout=90s']);
    await carry(api(), { cpu: '8', memory: '32Gi' });
    const validity = { validUntil: '2099-01-01T00:00:00Z' };
    await api().call('POST', grantsIn(OPERATOR_NAMESPACE), {
      body: grant({ hard: { 'requests.cpu': '1', 'requests.memory': '1Gi' }, overcommit: 'Allow', validity }),
    });
    // Of another realm: they make nothing, and the one that stands by has all of them in its queue.
    const foreign = (i: number) => ({
      ...grant({ hard: { 'requests.cpu': '1', 'requests.memory': '1Gi' }, grantorRealm: 'carol-home' }),
      metadata: { name: `foreign-${i}` },
    });
    await Promise.all(
      Array.from({ length: MANY }, async (_, i) => ok(await api().call('POST', grantsIn(OPERATOR_NAMESPACE), { body: foreign(i) }))),
    );
    await must(plane, ['wait', '--for=condition=Usable', 'grant/one', '-n', OPERATOR_NAMESPACE, '--timeout=90s']);
  });
  after(async () => {
    const plane = controlPlane();
    await must(plane, ['delete', 'grants', '--all', '-n', OPERATOR_NAMESPACE, '--timeout=90s']);
    prometheus.kill('SIGTERM');
    await new Promise((resolve) => prometheus.once('exit', resolve));
    await Promise.all([operator, other].map((process) => process.stop()));
    rmSync(folder, { recursive: true, force: true });
    await must(plane, ['delete', '-k', 'config/webhook']);
    // The Secret goes with its account.
    await must(plane, ['delete', '-f', READER, '--ignore-not-found']);
    await must(plane, ['delete', 'secret', '--ignore-not-found', '-n', OPERATOR_NAMESPACE, 'keystone-webhook-certificates']);
    await must(plane, ['delete', 'clusterregistration', 'local', '--ignore-not-found']);
  });

  async function ask(path: string): Promise<{
    readonly data: {
      readonly result?: readonly unknown[];
      readonly groups?: readonly {
        readonly lastEvaluation: string;
        readonly rules: readonly { readonly name: string; readonly health: string; readonly lastError?: string }[];
      }[];
    };
  }> {
    const response = await fetch(`${url}${path}`);
    return (await response.json()) as Awaited<ReturnType<typeof ask>>;
  }
  const series = async (expr: string): Promise<number> =>
    (await ask(`/api/v1/query?query=${encodeURIComponent(expr)}`)).data.result?.length ?? 0;

  it('scrapes the operator, and finds every series that alerts and dashboard speak of (checklist 36, 37)', async () => {
    const spoken = new Set([
      ...rules.spec.groups.flatMap((group) => group.rules.flatMap(({ expr }) => namesIn(expr))),
      ...dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => namesIn(expr))),
    ]);
    // Counted from the first time that it happens.
    const rare = new Set(['keystone_drift_repaired_total', 'keystone_watch_restarts_total']);
    expect(spoken.size).to.be.above(15);
    await eventually(async () => expect(await series('keystone_grant_info{phase="Active"}')).to.equal(1), { withinMs: 60_000 });
    for (const name of spoken) if (!rare.has(name)) await eventually(async () => expect(await series(name), name).to.be.above(0));
  });

  it('takes every alert, and none cries in a healthy world', async () => {
    await eventually(
      async () => {
        const { groups = [] } = (await ask('/api/v1/rules')).data;
        const loaded = groups.flatMap((group) => group.rules);
        expect(loaded.map(({ health, lastError }) => lastError ?? health)).to.deep.equal(loaded.map(() => 'ok'));
        expect(loaded.map(({ name }) => name)).to.have.members(rules.spec.groups.flatMap((group) => group.rules.map(({ alert }) => alert)));
      },
      { withinMs: 60_000 },
    );
    await eventually(
      async () => expect(await series('keystone_cache_objects{resource=~"grants.*"} > 100'), 'both know of all').to.equal(2),
      {
        withinMs: 20_000,
      },
    );
    const known = Date.now();
    await eventually(
      async () => {
        const { groups = [] } = (await ask('/api/v1/rules')).data;
        for (const { lastEvaluation } of groups) expect(Date.parse(lastEvaluation)).to.be.above(known + 3 * INTERVAL_MS);
      },
      { withinMs: 60_000 },
    );
    // Also of what would have to last before it cries; a busy machine may be slow for a moment, but then it ends by itself.
    await eventually(async () => expect((await ask('/api/v1/query?query=ALERTS')).data.result).to.deep.equal([]), { withinMs: 30_000 });
  });
});
