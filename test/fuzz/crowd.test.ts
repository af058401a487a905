import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

describe('forty reviews at once, each of which would take a tenth of the heap', () => {
  it('do not end a process with the heap of the operator, and keep out no ordinary one', async () => {
    const args = ['--max-old-space-size=256', 'test/fuzz/crowd.ts'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const [large, ordinary] = JSON.parse(stdout) as readonly (readonly number[])[];
    expect(large).to.have.length(40).and.include(200);
    expect(new Set(large)).to.deep.equal(new Set([200, 503]));
    expect(new Set(ordinary)).to.deep.equal(new Set([200]));
  });
});
