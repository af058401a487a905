import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { ensurePrometheus } from '../../hack/testbed/debian.ts';

const { spec } = parse(readFileSync('config/prometheus/rules.yaml', 'utf8')) as { spec: { groups: { rules: { expr: string }[] }[] } };
const dashboard = JSON.parse(readFileSync('config/grafana/dashboard.json', 'utf8')) as { panels: { targets: { expr: string }[] }[] };
/** The Prometheus operator names a job after the Service. */
const OURS = (parse(readFileSync('config/manager/metrics_service.yaml', 'utf8')) as { metadata: { name: string } }).metadata.name;
/** Long enough for every alert that has to last. */
const MINUTES = 75;

/** Series and their values, one each interval. */
type World = Readonly<Record<string, string>>;
const always = (value: number) => `${value}x${MINUTES}`;
/** Counts from the first time that it happens, as counters with labels do. */
const every = (minutes: number) =>
  Array.from({ length: MINUTES }, (_, minute) => (minute < minutes ? '_' : Math.floor(minute / minutes))).join(' ');
const once = Array.from({ length: MINUTES }, (_, minute) => (minute < 30 ? 1 : 2)).join(' ');

/** Everything that any Go operator shows, too, in the worst state. */
const inTrouble = (job: string): World => ({
  [`up{job="${job}"}`]: always(1),
  [`leader_election_master_status{job="${job}", name="one"}`]: always(0),
  [`leader_election_master_status{job="${job}", name="other"}`]: always(1),
  [`workqueue_depth{job="${job}", controller="c"}`]: always(1000),
  [`workqueue_longest_running_processor_seconds{job="${job}", controller="c"}`]: always(1000),
  [`controller_runtime_reconcile_errors_total{job="${job}", controller="c"}`]: `0+60x${MINUTES}`,
  [`controller_runtime_reconcile_panics_total{job="${job}", controller="c"}`]: `0+1x${MINUTES}`,
  [`nodejs_eventloop_lag_p99_seconds{job="${job}"}`]: always(10),
});
const STRANGERS = Object.assign({}, ...['kube-scheduler', 'kube-controller-manager', 'an-operator'].map(inTrouble)) as World;
const running: World = { [`up{job="${OURS}"}`]: always(1), [`keystone_cache_objects{job="${OURS}", resource="pods"}`]: always(3) };
const leading: World = { ...running, [`leader_election_master_status{job="${OURS}", name="keystone-grant"}`]: always(1) };
const away: World = { [`up{job="${OURS}"}`]: always(0) };

describe('alerts', () => {
  let folder = '';
  let promtool = '';
  before(async () => {
    ({ promtool } = await ensurePrometheus());
    folder = mkdtempSync(join(tmpdir(), 'keystone-alerts-'));
    writeFileSync(join(folder, 'rules.yaml'), stringify(spec));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function judge(interval: string, world: World, tests: readonly object[]): void {
    const input_series = Object.entries(world).map(([series, values]) => ({ series, values }));
    const cases = {
      rule_files: ['rules.yaml'],
      evaluation_interval: interval,
      tests: [{ interval, input_series, promql_expr_test: tests }],
    };
    writeFileSync(join(folder, 'cases.yaml'), stringify(cases));
    const { status, stdout, stderr } = spawnSync(promtool, ['test', 'rules', join(folder, 'cases.yaml')], { encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).to.equal(0);
  }
  /** Which alerts fire; what is pending, and only waits to have lasted, counts as a mistake. */
  const crying = (minute: number, names: readonly string[]) => ({
    expr: 'count by (alertname, alertstate) (ALERTS)',
    eval_time: `${minute}m`,
    exp_samples: names.map((name) => ({ labels: `{alertname="${name}", alertstate="firing"}`, value: 1 })),
  });

  const ENGINE = ['KeystoneNoLeader', 'KeystoneReconcileErrors', 'KeystoneBug', 'KeystoneQueueDeep', 'KeystoneWorkerStuck'];
  for (const { name, world, want } of [
    { name: 'only that we are away, beside strangers in trouble', world: { ...STRANGERS, ...away }, want: ['KeystoneDown'] },
    { name: 'that we are away, and not OpenStack', world: { ...away, 'up{job="openstack-keystone"}': always(1) }, want: ['KeystoneDown'] },
    { name: 'that nobody is scraped', world: {}, want: ['KeystoneDown'] },
    { name: 'nothing while we work beside strangers in trouble', world: { ...STRANGERS, ...leading }, want: [] },
    { name: 'nothing of a process that needs no Lease', world: running, want: [] },
    { name: 'all the trouble of our own', world: { ...running, ...inTrouble(OURS) }, want: [...ENGINE, 'KeystoneEventLoopLags'] },
  ])
    it(`say ${name}`, () => judge('1m', world, [crying(60, want)]));

  it('say that a slice outlives its Grant once that lasts, and of both replicas once', () => {
    const lost = (instance: string, values: string): World => ({ [`keystone_slices_without_grant{instance="${instance}"}`]: values });
    judge('1m', { ...leading, ...lost('a', `0x10 1x${MINUTES}`), ...lost('b', always(0)) }, [crying(26, ['KeystoneSliceWithoutGrant'])]);
    judge('1m', { ...leading, ...lost('a', `0x10 1x10 0x${MINUTES}`) }, [crying(60, [])]);
  });

  it('and the dashboard ask for our own wherever others have series of the same name', () => {
    const exprs = [...spec.groups.flatMap(({ rules }) => rules), ...dashboard.panels.flatMap(({ targets }) => targets)].map(
      ({ expr }) => expr,
    );
    const shared = /\b(?:controller_runtime|workqueue|rest_client|leader_election|nodejs|process)_\w+\b/;
    const asked = exprs.filter((expr) => shared.test(expr));
    expect(asked).to.have.length.above(10);
    expect(asked.filter((expr) => new RegExp(`${shared.source}(?!\\{job=~"\\.\\*keystone\\.\\*")`).test(expr))).to.deep.equal([]);
  });

  const restarts = (reason: string, values: string, ...instances: readonly string[]): World =>
    Object.fromEntries(
      instances.map((of) => [`keystone_watch_restarts_total{instance="${of}", resource="pods", reason="${reason}"}`, values]),
    );
  for (const { name, world, cries } of [
    { name: 'one replica is mute each time', world: restarts('WatchMute', every(3), 'a'), cries: true },
    { name: 'one replica falls silent each time', world: restarts('WatchIdle', every(3), 'a'), cries: true },
    { name: 'both replicas fell silent once', world: restarts('WatchIdle', once, 'a', 'b'), cries: false },
    { name: 'one replica falls silent now and then', world: restarts('WatchIdle', every(10), 'a'), cries: false },
    { name: 'one replica is forbidden', world: restarts('Forbidden', `0+2x${MINUTES}`, 'a'), cries: true },
    { name: 'one replica was hung up on now and then', world: restarts('Network', every(3), 'a'), cries: false },
    { name: 'both replicas end by routine', world: restarts('Ended', every(1), 'a', 'b'), cries: false },
  ])
    it(`${cries ? 'cry' : 'do not cry'} for a watch that in ${name}`, () =>
      judge(
        '1m',
        { ...leading, ...world },
        [40, 60].map((minute) => crying(minute, cries ? ['KeystoneWatchesBreak'] : [])),
      ));

  // In hours: a twenty-fourth of its life each.
  for (const { name, step } of [
    { name: 'for ninety days', step: 90 },
    { name: 'for a day', step: 1 },
  ])
    it(`cry for a certificate that was issued ${name} once half of its last third is over, and not before`, () => {
      const lasting = (series: string, steps: number): World => ({
        [`keystone_webhook_certificate_${series}_timestamp_seconds`]: `${steps * step * 3600}x24`,
      });
      const firing = (steps: number, value: number) => ({
        expr: 'count(ALERTS{alertname="KeystoneWebhookCertificateExpires", alertstate="firing"}) or vector(0)',
        eval_time: `${steps * step}h`,
        exp_samples: [{ labels: '{}', value }],
      });
      judge(`${step}h`, { ...lasting('expiry', 24), ...lasting('renewal', 16) }, [firing(19, 0), firing(21, 1)]);
    });
});
