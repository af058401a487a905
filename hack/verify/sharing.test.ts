import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { keepTimes, share } from './sharing.ts';

describe('The sharing of test files', () => {
  const files = ['hack/verify/test.ts', 'hack/verify/skip.ts', 'hack/verify/totals.ts', 'hack/verify/sharing.ts'];

  it('gives each process as much to do, by what the files took before', () => {
    const [test = '', skip = '', totals = '', sharing = ''] = files;
    const parts = share(files, 2, { [test]: 60_000, [skip]: 50_000, [totals]: 20_000, [sharing]: 29_000 });
    expect(parts).to.deep.equal([
      [test, totals],
      [skip, sharing],
    ]);
  });

  it('deals out every file once, also those that never ran, and starts no process for nothing', () => {
    for (const processes of [1, 2, 3, 9]) {
      const parts = share(files, processes, { [files[0] ?? '']: 10 });
      expect(parts).to.have.length(Math.min(processes, files.length));
      expect(parts.flat().toSorted()).to.deep.equal(files.toSorted());
      for (const part of parts) expect(part).not.to.have.length(0);
    }
  });

  it('is none the worse where nothing can be kept, and says so', () => {
    const folder = mkdtempSync(join(tmpdir(), 'times-'));
    const said: string[] = [];
    const keep = (file: string): void => keepTimes({ 'a.test.ts': 7 }, file, (text) => void said.push(text));
    try {
      const file = join(folder, 'cache/times.json');
      keep(file);
      expect(JSON.parse(readFileSync(file, 'utf8'))).to.include({ 'a.test.ts': 7 });
      expect(said).to.deep.equal([]);
      // Not even root writes below a file.
      keep(join(file, 'times.json'));
      expect(said.join()).to.match(/not kept \(E[A-Z]+: .*remove it/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
