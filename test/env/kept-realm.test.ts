import { expect } from 'chai';
import { SetupError } from '../../hack/testbed/steps.ts';
import { resumeRealm } from './kept-realm.ts';

describe('a realm that stood still', () => {
  it('and does not come back is to be tried again first, and to be given up last', async () => {
    const nodes = [{ name: `keystone-nobody-${process.pid}`, state: 'exited' }];
    const failure: unknown = await resumeRealm('/nowhere', { nodes, isReady: false }, 'make it anew').catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(SetupError);
    expect(String(failure)).to.match(
      /did not come back \(.*no such container.*\)\. Run this again.*docker logs keystone-nobody.*start over: make it anew$/is,
    );
  });
});
