import { expect } from 'chai';
import { isGoNewEnough } from './go-build.ts';

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
