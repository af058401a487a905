import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** One wrong line per rule that we rely on; a rule that stays silent here would stay silent everywhere. */
const WRONG: Readonly<Record<string, string>> = {
  'typescript(no-floating-promises)': 'later();',
  'typescript(no-misused-promises)': '[1].forEach(async () => { await later(); });',
  'typescript(switch-exhaustiveness-check)': "switch (kind) { case 'a': later().catch(String); }",
  'typescript(only-throw-error)': "if (kind === 'b') throw 'text';",
  'typescript(no-explicit-any)': 'export const loose: any = 1;',
  'typescript(no-non-null-assertion)': 'export const sure = [1][0]!;',
  'typescript(no-unsafe-type-assertion)': 'export const cast = (JSON.parse("1") as unknown) as { a: string };',
  'typescript(no-unsafe-assignment)': 'export const leak: string = JSON.parse("1");',
  'eslint(eqeqeq)': 'export const loosely = kind == null;',
  'eslint(no-console)': "console.log('x');",
  'eslint(max-depth)': 'if (n) { if (n > 1) { if (n > 2) { if (n > 3) { n++; } } } }',
  'eslint(max-params)': 'export const five = (a: 1, b: 1, c: 1, d: 1, e: 1): number => a + b + c + d + e;',
  'eslint(complexity)': 'export const tangle = (a: number): number => a && a && a && a && a && a && a && a && a && a && a;',
  'eslint(max-lines-per-function)': `export function long(): void {\n${'  later().catch(String);\n'.repeat(60)}}`,
  'import(no-default-export)': 'export default later;',
};
const HEAD = "declare function later(): Promise<void>;\ndeclare const kind: 'a' | 'b';\nlet n = 1;\n";

describe('The linter sees what it must see', () => {
  let root = '';
  let findings = '';

  before(() => {
    root = mkdtempSync(join(tmpdir(), 'lint-'));
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) cpSync(file, join(root, file));
    symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
    mkdirSync(join(root, 'api'));
    writeFileSync(join(root, 'api/wrong.ts'), HEAD + Object.values(WRONG).join('\n'));
    writeFileSync(join(root, 'api/long.ts'), 'export {};\n'.repeat(301));
    writeFileSync(join(root, 'api/right.ts'), '/** One. */\nexport const one = 1;\n');
    findings = spawnSync(resolve('node_modules/.bin/oxlint'), ['--format=unix', 'api'], { cwd: root, encoding: 'utf8' }).stdout;
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  for (const rule of Object.keys(WRONG)) {
    it(rule, () => {
      expect(findings).to.include(rule);
    });
  }
  it('eslint(max-lines)', () => {
    expect(findings).to.match(/long\.ts.*eslint\(max-lines\)/);
  });
  it('nothing in a file that is right', () => {
    expect(findings).not.to.include('right.ts');
  });
});
