import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ensurePrograms, isGoNewEnough, requireGo } from './go-build.ts';
import { SetupError } from './steps.ts';

describe('the Go of a machine', () => {
  const cases: readonly { said: string; isNewEnough: boolean }[] = [
    { said: 'go version go1.26.8 linux/amd64', isNewEnough: true },
    { said: 'go version go1.21rc2 linux/arm64', isNewEnough: true },
    { said: 'go version devel go1.27-3b8b9a8 Mon Nov 3 linux/amd64', isNewEnough: true },
    { said: 'go version go2.0.1 linux/amd64', isNewEnough: true },
    { said: 'go version go1.20.14 linux/amd64', isNewEnough: false },
    { said: 'go version go1.3 linux/amd64', isNewEnough: false },
    { said: 'gccgo (Debian 4.9) 4.9.2', isNewEnough: false },
    { said: '', isNewEnough: false },
  ];
  for (const { said, isNewEnough } of cases)
    it(`that says '${said}' ${isNewEnough ? 'fetches the version we need' : 'is too old'}`, () => {
      expect(isGoNewEnough(said)).to.equal(isNewEnough);
    });
});

describe('a build', () => {
  it('is not begun where it would fill the disk', async () => {
    requireGo();
    const module = mkdtempSync(join(tmpdir(), 'module-'));
    for (const file of ['go.mod', 'go.sum']) writeFileSync(join(module, file), '');
    const into = join(module, 'bin');
    const programs = { module, into, sources: ['./all'], tags: [], what: 'Building all there is', usually: 'ages', packages: 1e9 };
    const failure: unknown = await ensurePrograms(programs).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(SetupError);
    expect(String(failure)).to.match(/ MB left, and building from source, .*: make room/);
    expect(existsSync(into)).to.equal(false);
    rmSync(module, { recursive: true });
  });
});
