import { expect } from 'chai';
import { Agent, request } from 'undici';
import { eventually } from '../env/eventually.ts';
import { controlPlane } from '../env/hooks.ts';
import { OPERATOR_NAMESPACE, freePort, installOperator, must, startOperator, type OperatorProcess } from '../env/operator.ts';

describe('the metrics of the operator', () => {
  const agent = new Agent({ connect: { rejectUnauthorized: false } });
  let operator: OperatorProcess;
  let url = '';
  let token = '';

  before(async () => {
    const plane = controlPlane();
    const { kubeconfig } = await installOperator(plane);
    const port = await freePort();
    url = `https://127.0.0.1:${port}`;
    operator = await startOperator({
      kubeconfig,
      env: { KEYSTONE_REALM: 'alice-home' },
      args: [`--metrics-bind-address=127.0.0.1:${port}`],
    });
    await operator.ready();
    await must(plane, ['create', 'serviceaccount', 'scraper', '-n', OPERATOR_NAMESPACE]);
    token = (await must(plane, ['create', 'token', 'scraper', '-n', OPERATOR_NAMESPACE])).trim();
  });
  after(async () => {
    await operator.stop();
    await agent.close();
    const plane = controlPlane();
    await must(plane, ['delete', 'serviceaccount', 'scraper', '-n', OPERATOR_NAMESPACE]);
    await must(plane, ['delete', 'clusterrolebinding', 'scraper', '--ignore-not-found']);
    await must(plane, ['delete', 'clusterregistration', 'local', '--ignore-not-found']);
  });

  async function get(
    path: string,
    bearer?: string,
    method: 'GET' | 'POST' = 'GET',
  ): Promise<{ readonly code: number; readonly text: string }> {
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const { statusCode, body } = await request(`${url}${path}`, { method, headers, dispatcher: agent });
    return { code: statusCode, text: await body.text() };
  }

  it('are for those only whom the API server knows and permits', async () => {
    expect(await get('/metrics')).to.include({ code: 401 });
    expect(await get('/metrics', 'made-up')).to.include({ code: 401 });
    const refused = await get('/metrics', token);
    expect(refused).to.include({ code: 403 });
    expect(refused.text).to.include('keystone-metrics-reader');
    await must(controlPlane(), [
      'create',
      'clusterrolebinding',
      'scraper',
      '--clusterrole=keystone-metrics-reader',
      `--serviceaccount=${OPERATOR_NAMESPACE}:scraper`,
    ]);
    // A refusal is remembered for some seconds.
    await eventually(async () => expect(await get('/metrics', token)).to.include({ code: 200 }), { withinMs: 15_000, everyMs: 500 });
    expect(await get('/metrics', token, 'POST')).to.include({ code: 405 });
    expect(await get('/', token)).to.include({ code: 404 });
    expect(operator.output(), 'the token stands in no log').not.to.include(token);
  });

  it('tell of the controllers, the calls, the caches, the leases and the process', async () => {
    const lines = [
      /^controller_runtime_reconcile_total\{controller="clusterregistration",result="success"\} [1-9]/m,
      /^controller_runtime_reconcile_total\{controller="grant",result="success"\} \d/m,
      /^rest_client_requests_total\{code="200",method="GET",host="[^"]+"\} [1-9]/m,
      /^keystone_cache_objects\{resource="clusterregistrations.guildnet.io"\} 1$/m,
      /^leader_election_master_status\{name="keystone-clusterregistration"\} 1$/m,
      /^keystone_time_to_ready_seconds_count\{controller="clusterregistration"\} 1$/m,
      /^process_cpu_seconds_total/m,
      /^nodejs_eventloop_lag_p99_seconds/m,
    ];
    // It is ready before it leads.
    await eventually(async () => {
      const { text } = await get('/metrics', token);
      for (const line of lines) expect(text).to.match(line);
    });
  });
});
