import { expect } from 'chai';
import { deadLinks, longFiles, strayPackages, unexplainedNumbers, unlisted } from './shape.ts';
import { parseSource, readSources, type Sources } from './sources.ts';

const tree = (path: string, text: string): Sources => new Map([[path, parseSource(path, text)]]);

describe('the shape of the tree', () => {
  const packages = [
    { name: 'a library among the kinds', path: 'api/meta/x.ts', text: "import { Pool } from 'undici';", want: 1 },
    {
      name: 'the models where they are renamed',
      path: 'api/meta/builtin.ts',
      text: "import type { V1Node } from '@kubernetes/client-node';",
      want: 0,
    },
    { name: 'a logger in a room', path: 'controllers/grant/x.ts', text: "import winston from 'winston';", want: 1 },
    {
      name: 'what Node brings along in a room',
      path: 'controllers/grant/x.ts',
      text: "import { createHash } from 'node:crypto';",
      want: 0,
    },
    { name: 'a library in a test', path: 'controllers/grant/x.test.ts', text: "import { expect } from 'chai';", want: 0 },
  ];
  for (const { name, path, text, want } of packages)
    it(`${want === 0 ? 'allows' : 'finds'} ${name}`, () => expect(strayPackages(tree(path, text))).to.have.length(want));

  const numbers = [
    { name: 'a number without a reason', text: 'const LIMIT_MS = 30_000;', want: 1 },
    { name: 'a number with one', text: '/** Twice what was measured. */\nconst LIMIT_MS = 30_000;', want: 0 },
    { name: 'two numbers under one reason', text: '/** As in client-go. */\nconst FIRST = 1;\nconst LAST = 2;', want: 0 },
    { name: 'a number whose reason stands elsewhere', text: '/** A. */\nconst a = b;\nconst LIMIT = 3;', want: 1 },
  ];
  for (const { name, text, want } of numbers)
    it(`${want === 0 ? 'allows' : 'finds'} ${name} (checklist 7)`, () =>
      expect(unexplainedNumbers(tree('controllers/runtime/x.ts', text))).to.have.length(want));

  it('finds a kind and a room that nothing knows of', () => {
    const files: readonly (readonly [string, string])[] = [
      ['api/kinds.ts', "import { aSchema } from './x/v1/a.ts';"],
      ['api/x/v1/a.ts', 'export const aSchema = crd({});'],
      ['api/x/v1/b.ts', 'export const bSchema = crd({});'],
      ['controllers/rooms.ts', "import { a } from './a/controller.ts';"],
      ['controllers/a/controller.ts', ''],
      ['controllers/b/controller.ts', ''],
      ['controllers/runtime/controller.ts', ''],
    ];
    expect(unlisted(new Map(files.map(([path, text]) => [path, parseSource(path, text)])))).to.deep.equal([
      'api/x/v1/b.ts is not in api/kinds.ts: its CRD would not be made',
      'controllers/b/controller.ts is not in controllers/rooms.ts: it would never run',
    ]);
  });

  it('finds that files grew long (checklist 2)', () => {
    expect(longFiles(tree('controllers/x.ts', '\n'.repeat(151)))).to.have.length(1);
    expect(longFiles(tree('controllers/x.ts', '\n'.repeat(100)))).to.have.length(0);
  });

  it('finds a dead link', () => {
    const there = (path: string) => path === 'docs/a.md';
    expect(deadLinks('README.md', '[a](docs/a.md) [b](docs/b.md#x) [c](https://example.com)', there)).to.deep.equal([
      'README.md links to docs/b.md, which is not there',
    ]);
  });

  it('is right in this tree', () => {
    const sources = readSources();
    expect([...strayPackages(sources), ...unlisted(sources), ...unexplainedNumbers(sources), ...longFiles(sources)]).to.deep.equal([]);
  });
});
