import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { scratch } from './scratch.ts';

describe('a folder for what is being made', () => {
  let within = '';
  beforeEach(() => (within = mkdtempSync(join(tmpdir(), 'scratch-'))));
  afterEach(() => rmSync(within, { recursive: true }));

  it('is new each time, and takes away what was abandoned, and nothing else', () => {
    const [abandoned, archive, young, strange] = ['root-aaaaaa', 'root-bbbbbb.tar', 'root-cccccc', 'root-of-nothing'].map((name) =>
      join(within, name),
    );
    for (const folder of [abandoned, young, strange]) mkdirSync(folder ?? '');
    writeFileSync(archive ?? '', '');
    const yesterday = Date.now() / 1000 - 86_400;
    for (const old of [abandoned, archive, strange]) utimesSync(old ?? '', yesterday, yesterday);
    const one = scratch(within, 'root');
    expect([one, scratch(within, 'root'), young, strange].map((path) => existsSync(path ?? ''))).to.deep.equal([true, true, true, true]);
    expect([abandoned, archive].map((path) => existsSync(path ?? ''))).to.deep.equal([false, false]);
  });
});
