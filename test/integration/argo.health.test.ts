import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ensureLua } from '../../hack/testbed/debian.ts';

const FOLDER = 'config/argocd';
interface HealthTest {
  readonly inputPath: string;
  readonly healthStatus: { readonly status: string; readonly message: string };
}

/** A value as Lua writes it. */
function luaOf(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaOf).join(', ')}}`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, of]) => `[${JSON.stringify(key)}] = ${luaOf(of)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}

describe('the health that Argo CD shows (checklist 13)', () => {
  let lua = '';
  before(async () => (lua = await ensureLua()));
  const { tests } = parse(readFileSync(`${FOLDER}/health_test.yaml`, 'utf8')) as { tests: readonly HealthTest[] };
  for (const { inputPath, healthStatus } of tests) {
    it(`is ${healthStatus.status} for ${inputPath.replace(/.*\/|\.yaml/g, '')}`, () => {
      const object: unknown = parse(readFileSync(`${FOLDER}/${inputPath}`, 'utf8'));
      const script = readFileSync(`${FOLDER}/health.lua`, 'utf8');
      const program = `obj = ${luaOf(object)}\nlocal hs = (function()\n${script}\nend)()\nio.write(hs.status, "\\n", hs.message)`;
      const { stdout, stderr } = spawnSync(lua, ['-'], { input: program, encoding: 'utf8' });
      expect(stdout, stderr).to.equal(`${healthStatus.status}\n${healthStatus.message}`);
    });
  }
});
