import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../env/eventually.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { podWith } from '../integration/grant.hostile-pods.ts';
import { authorities } from '../webhook/authorities.ts';
import { load, type Load } from '../webhook/load.ts';
import { useWebhooks } from '../webhook/use.ts';
import type { WebhookReplica } from '../webhook/world.ts';

const FULL = process.env['TEST_FULL'] !== undefined;
/** How often both replicas are replaced. */
const ROUNDS = FULL ? 8 : 1;
/**
 * A replica goes on for as long as without a word: a busy API server may be that late to hear who has gone. Certificates last half as long
 * again as in other tests, since whoever goes may be the one that was about to renew them.
 */
const FLAGS = ['--webhook-cert-lifetime=45s', '--webhook-shutdown-delay=5s'];

/**
 * Alone on the machine: a replica that goes closes what the API server keeps open and does not use, and an API server without a
 * processor may ask there before it has heard of that. Beside other tests one review in some thousands was lost that way.
 */
describe('two replicas whose certificates and processes are replaced under load', () => {
  const world = useWebhooks();

  /** How often the API server could not ask, and let through. */
  const failedOpen = async (): Promise<number> => {
    const text = String((await api().call('GET', '/metrics')).body);
    return Number(/^apiserver_admission_webhook_fail_open_count\{name="quota\.keystone\.io".*\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };

  /** What the API server says of those that it let through. */
  const whyOpen = (): string => {
    const log = readFileSync(join(controlPlane().workDir, 'logs', 'kube-apiserver.log'), 'utf8');
    const lines = log.split('\n').filter((line) => line.includes('quota.keystone.io') && line.includes('failing open'));
    return lines.slice(-5).join('\n');
  };

  it('miss not one of 50 reviews a second (checklist 34)', async function () {
    this.timeout(FULL ? 600_000 : 200_000);
    let replicas: readonly WebhookReplica[] = await Promise.all([world().start(FLAGS), world().start(FLAGS)]);
    await Promise.all(replicas.map(({ operator }) => operator.ready(60_000)));
    const namespace = await world().lend('small', { 'requests.cpu': '1', 'requests.memory': '1Gi' });
    const body = podWith({ container: { resources: { requests: { cpu: '2' }, limits: { cpu: '2' } } } });
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const isOurs = (text: string) => text.includes('webhook \\"quota.keystone.io\\" denied the request: exceeded quota');
    await eventually(async () => expect(isOurs(JSON.stringify((await api().call('POST', path, { body })).body))).to.equal(true));
    const before = await failedOpen();
    const [first] = await authorities();
    const seen = new Set<string>();
    const pace: Load = load(controlPlane(), path, { perSecond: 50, body, right: (status, text) => status === 403 && isOurs(text) });
    const started = performance.now();
    try {
      for (const leaver of Array.from({ length: ROUNDS }, () => [0, 1]).flat()) {
        const successor = await world().start(FLAGS);
        await successor.operator.ready(60_000);
        expect(await replicas[leaver]?.retire()).to.equal(0);
        replicas = replicas.with(leaver, successor);
        for (const serial of await authorities()) seen.add(serial);
      }
      // At least one whole rotation: one authority has come, and another gone.
      for (let known = await authorities(); known.includes(first ?? ''); known = await authorities()) {
        for (const serial of known) seen.add(serial);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    } finally {
      await pace.stop();
    }
    const seconds = (performance.now() - started) / 1000;
    console.log(`      ${pace.answered()} reviews in ${seconds.toFixed(0)} s, ${ROUNDS * 2} replicas replaced, ${seen.size} authorities`);
    expect(seen.size).to.be.above(1);
    expect(pace.answered() / seconds, 'a slow machine answers fewer, but that is no load').to.be.at.least(10);
    expect(
      [...pace.wrong()].slice(0, 5).map(([said, times]) => `${times} times ${said}`),
      whyOpen(),
    ).to.deep.equal([]);
    expect(await failedOpen()).to.equal(before);
    for (const { operator } of replicas) expect(operator.output()).not.to.match(/PRIVATE KEY|"level":"error"/);
  });
});
