import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SetupError } from '../../hack/testbed/steps.ts';
import { mustBeOurs, resumeRealm } from './kept-realm.ts';

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

describe('a realm that is kept', () => {
  it('is left alone by whoever did not make it, unless that is root', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kept-'));
    const owner = process.getuid?.() ?? 0;
    try {
      expect(() => mustBeOurs(folder, owner + 1)).to.throw(SetupError, `${folder} was made by another user (${owner})`);
      for (const user of [owner, 0]) mustBeOurs(folder, user);
      mustBeOurs(join(folder, 'not-there-yet'), owner + 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
