import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const SKIP = "import { skip } from '../hack/verify/skip.ts';\n";

describe('The test command tells the truth', function () {
  const cases: readonly { name: string; text: string; verdict: string }[] = [
    { name: 'a pass counts', text: "describe('a', () => { it('b', () => {}); });", verdict: '1 passed, 0 failed' },
    {
      name: 'a failure counts',
      text: "describe('a', () => { it('b', () => { throw new Error('c'); }); it('d', () => {}); });",
      verdict: '1 passed, 1 failed',
    },
    {
      name: 'a failing hook counts',
      text: "describe('a', () => { before(() => { throw new Error('c'); }); it('b', () => {}); });",
      verdict: '0 passed, 1 failed',
    },
    {
      name: 'a reasoned skip is told',
      text: `${SKIP}describe('a', () => { it('b', () => {}); it('c', function () { skip(this, 'no zfs'); }); });`,
      verdict: '1 passed, 0 failed, 1 skipped',
    },
    {
      name: 'a reasoned skip of a suite is told',
      text: `${SKIP}describe('a', () => { before(function () { skip(this, 'no zfs'); }); it('b', () => {}); }); it('c', () => {});`,
      verdict: '1 passed, 0 failed, 1 skipped',
    },
    {
      name: 'a silent skip fails',
      text: "describe('a', () => { it('b', () => {}); it.skip('c', () => {}); });",
      verdict: '1 passed, 1 failed',
    },
    { name: 'a forgotten only fails', text: "describe('a', () => { it.only('b', () => {}); });", verdict: '0 passed, 1 failed' },
    { name: 'a file that cannot be loaded fails', text: "import './missing.ts';", verdict: '0 passed, 1 failed' },
    { name: 'an empty run fails', text: 'export {};', verdict: '0 passed, 1 failed' },
    {
      name: 'a process that dies fails',
      text: "describe('a', () => { it('b', () => { process.exit(0); }); });",
      verdict: '0 passed, 1 failed',
    },
  ];
  for (const { name, text, verdict } of cases) {
    it(name, () => {
      const { lines, status } = runOver(text);
      expect(lines.at(-1)).to.equal(verdict);
      expect(lines.filter((line) => /^\d+ passed, \d+ failed/.test(line))).to.have.length(1);
      expect(status).to.equal(verdict.includes(', 0 failed') ? 0 : 1);
    });
  }
});

/** Runs the command over a tree that holds this one test file. */
function runOver(text: string): { lines: readonly string[]; status: number | null } {
  const root = mkdtempSync(join(tmpdir(), 'runner-'));
  try {
    for (const path of [
      '.mocharc.json',
      'package.json',
      'hack/verify/reporter.ts',
      'hack/verify/skip.ts',
      'hack/verify/totals.ts',
      'hack/verify/rights.ts',
      'hack/verify/sharing.ts',
      'hack/verify/test.ts',
    ])
      cpSync(path, join(root, path));
    symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
    mkdirSync(join(root, 'api'));
    writeFileSync(join(root, 'api/a.test.ts'), text);
    const { stdout, status } = spawnSync(process.execPath, ['hack/verify/test.ts', 'unit'], { cwd: root, encoding: 'utf8' });
    return { lines: stdout.trimEnd().split('\n'), status };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
