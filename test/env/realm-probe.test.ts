import { expect } from 'chai';
import type { Patience } from './eventually.ts';
import { type Change, untilCut, untilOutlived } from './realm-probe.ts';

/** What comes true does so at once, whatever else the machine does; what does not is given up soon. */
const PATIENT = { withinMs: 5_000, everyMs: 50 };
const SOON = { withinMs: 300, everyMs: 50 };

describe('a connection that is held', () => {
  const ago = (ms: number, state: string): Change => ({ at: Date.now() - ms, state });
  const cut = (...changes: readonly Change[]): Promise<Change> => untilCut({ changes: () => changes }, SOON);
  const refusal = (...changes: readonly Change[]): Promise<string> =>
    cut(...changes).then(
      ({ state }) => state,
      (error: unknown) => String(error),
    );

  it('is cut when it has ended', async () => {
    expect(await cut(ago(9_000, 'alive'), ago(10, 'ended'))).to.have.property('state', 'ended');
  });
  it('was cut when it began to stall for good', async () => {
    const [stalled, ended] = [ago(5_000, 'stalled'), ago(1_000, 'ended')];
    expect(await cut(ago(9_000, 'alive'), stalled)).to.equal(stalled);
    expect(await cut(ago(9_000, 'alive'), stalled, ended)).to.equal(stalled);
  });
  it('is not cut while it is slow for a moment', async () => {
    expect(await refusal(ago(9_000, 'alive'), ago(100, 'stalled'))).to.include('is stalled');
    expect(await refusal(ago(9_000, 'alive'), ago(5_000, 'stalled'), ago(4_000, 'alive'))).to.include('is alive');
  });
  it('has outlived what happened when it is alive a while later', async () => {
    const outlived = (patience: Patience, ...changes: readonly Change[]): Promise<string> =>
      untilOutlived({ changes: () => changes }, Date.now() - 900, patience).then(() => 'outlived', String);
    expect(await outlived(PATIENT, ago(9_000, 'alive'))).to.equal('outlived');
    expect(await outlived(PATIENT, ago(9_000, 'alive'), ago(500, 'stalled'), ago(200, 'alive'))).to.equal('outlived');
    expect(await outlived(SOON, ago(9_000, 'alive'), ago(500, 'stalled'))).to.include('is stalled');
    expect(await outlived(SOON)).to.include('not there yet');
    expect(await untilOutlived({ changes: () => [ago(9_000, 'alive')] }, Date.now(), SOON).catch(String)).to.include('is alive');
  });
  it('is not cut when whoever held it is gone', async () => {
    expect(await refusal(ago(9_000, 'alive'), ago(5_000, 'lost'))).to.include('lost from sight');
    expect(await refusal(ago(9_000, 'alive'), ago(5_000, 'stalled'), ago(4_000, 'lost'))).to.include('lost from sight');
  });
  it('is not cut before it was there', async () => {
    expect(await refusal()).to.include('not there yet');
  });
});
