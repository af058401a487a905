import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BANNER } from './file.ts';

const CRD = 'config/crd/bases/guildnet.io_clusterregistrations.yaml';
const PAGE = 'docs/clusterregistration.md';

describe('The generator of manifests', () => {
  let root = '';
  const run = (script: string, ...args: readonly string[]): { status: number | null; stdout: string } =>
    spawnSync(process.execPath, [resolve(`hack/manifests/${script}.ts`), ...args], { cwd: root, encoding: 'utf8' });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'manifests-'));
    cpSync('config', join(root, 'config'), { recursive: true });
    cpSync('docs', join(root, 'docs'), { recursive: true });
    expect(run('generate').status).to.equal(0);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('finds nothing to do after itself', () => {
    expect(run('generate', '--check')).to.include({ status: 0, stdout: '' });
    expect(run('generate')).to.include({ status: 0, stdout: '' });
    expect(run('lint')).to.include({ status: 0 });
  });

  it('names every file that is not up to date, and changes none when it only checks', () => {
    appendFileSync(join(root, CRD), '# by hand\n');
    writeFileSync(join(root, PAGE), readFileSync(join(root, PAGE), 'utf8').replace('| reason |', '| cause |'));
    const { status, stdout } = run('generate', '--check');
    expect(status).to.equal(1);
    expect(stdout.trim().split('\n')).to.have.members([
      `${CRD} is not up to date: run make manifests`,
      `${PAGE} is not up to date: run make manifests`,
    ]);
    expect(readFileSync(join(root, CRD), 'utf8')).to.contain('# by hand');
  });

  it('removes what it once wrote and writes no more, and nothing else', () => {
    const gone = 'config/crd/bases/guildnet.io_gone.yaml';
    writeFileSync(join(root, gone), `${BANNER}\n---\nkind: Gone\n`);
    writeFileSync(join(root, 'config/crd/by-hand.yaml'), 'kind: Kept\n');
    expect(run('generate', '--check')).to.include({ status: 1, stdout: `${gone} is not generated any more: run make manifests\n` });
    expect(run('generate')).to.include({ status: 0, stdout: `  removed ${gone}\n` });
    expect(readFileSync(join(root, 'config/crd/by-hand.yaml'), 'utf8')).to.equal('kind: Kept\n');
  });

  it('the linter names the file, the path and the rule of a violation', () => {
    writeFileSync(join(root, CRD), readFileSync(join(root, CRD), 'utf8').replace('maxItems: 32', 'minItems: 0'));
    expect(run('lint')).to.include({ status: 1, stdout: `${CRD}: .status.conditions: bounded-list: needs maxItems\n` });
  });
});
