import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

describe('a body of a million bytes that come one by one', () => {
  it('takes no more memory than it has bytes', async () => {
    // Kept one by one they would take 200 MB.
    const args = ['--max-old-space-size=48', 'test/fuzz/crumbs.ts'];
    expect((await promisify(execFile)(process.execPath, args)).stdout.trim()).to.equal('1000000');
  });
});
