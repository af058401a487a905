import { expect } from 'chai';
import { SLICE_LABEL } from '../../api/keystone/v1alpha1/grant.policies.ts';
import type { RunningEngine } from '../env/engine.ts';
import { api } from '../env/hooks.ts';
import { eventually } from '../env/eventually.ts';
import { breakGlass } from '../grant/glass.ts';
import { useGrants } from '../grant/world.ts';

describe('FR-004 · a slice that lost its label, with an operator of no more rights than its own,', () => {
  const world = useGrants();

  /** A slice that is in force, and the engine that keeps it. */
  const lent = async (): Promise<{ readonly slice: string; readonly engine: RunningEngine }> => {
    await world.carry({ cpu: '8', memory: '16Gi' });
    const engine = await world.run();
    await world.create('g', { hard: { 'requests.cpu': '1', 'requests.memory': '1Gi' } });
    return { slice: (await world.because('g', 'InForce')).status?.namespace ?? '', engine };
  };
  const unlabel = (slice: string): Promise<string> => breakGlass(['label', 'namespace', slice, `${SLICE_LABEL}-`]);
  const has = async (path: string): Promise<boolean> => (await api().call('GET', path)).status === 200;

  it('has it again, and what is in it is mended', async () => {
    const { slice } = await lent();
    await unlabel(slice);
    await breakGlass(['-n', slice, 'delete', 'resourcequota,networkpolicy', '--all']);
    await eventually(
      async () => {
        const { body } = await api().call('GET', `/api/v1/namespaces/${slice}`);
        expect(body).to.have.nested.property('metadata.labels').that.includes.keys(SLICE_LABEL);
        expect(await has(`/api/v1/namespaces/${slice}/resourcequotas/grant`)).to.equal(true);
        expect(await has(`/apis/networking.k8s.io/v1/namespaces/${slice}/networkpolicies/grant-default-deny`)).to.equal(true);
      },
      { withinMs: 40_000 },
    );
  });

  it('ends with its Grant', async () => {
    const { slice, engine } = await lent();
    await engine.stop();
    await unlabel(slice);
    await world.change('g', { revoked: true });
    await world.run();
    await world.because('g', 'Revoked');
    await eventually(async () => expect(await has(`/api/v1/namespaces/${slice}`)).to.equal(false), { withinMs: 40_000 });
  });
});
