import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { missingComments, unexplainedOffs } from './comments.ts';
import { closedDoors } from './doors.ts';
import { impurities } from './purity.ts';
import { parseSource, readSources, type Sources } from './sources.ts';

const tree = (files: Readonly<Record<string, string>>): Sources =>
  new Map(Object.entries(files).map(([path, text]) => [path, parseSource(path, text)]));

describe('Imports go through doors', () => {
  const cases: readonly { name: string; path: string; target: string; open: boolean }[] = [
    {
      name: 'a controller reads what users write',
      path: 'controllers/grant/policy.ts',
      target: '../../api/keystone/v1alpha1/grant.ts',
      open: true,
    },
    { name: 'a controller uses the machinery', path: 'controllers/grant/steps.ts', target: '../runtime/index.ts', open: true },
    { name: 'a controller uses a driver', path: 'controllers/grant/steps.ts', target: '../drivers/zfs/pool.ts', open: true },
    { name: 'a controller never sees another one', path: 'controllers/grant/steps.ts', target: '../workspace/policy.ts', open: false },
    {
      name: 'the machinery knows none of our kinds',
      path: 'controllers/runtime/client.ts',
      target: '../../api/keystone/v1alpha1/grant.ts',
      open: false,
    },
    {
      name: 'the machinery knows the shared vocabulary',
      path: 'controllers/runtime/client.ts',
      target: '../../api/meta/object.ts',
      open: true,
    },
    {
      name: 'what users write depends on nothing that runs',
      path: 'api/meta/object.ts',
      target: '../../controllers/runtime/client.ts',
      open: false,
    },
    { name: 'the vocabulary knows no kind', path: 'api/meta/object.ts', target: '../keystone/v1alpha1/grant.ts', open: false },
    { name: 'a driver knows no Kubernetes', path: 'controllers/drivers/zfs/pool.ts', target: '../../runtime/client.ts', open: false },
    { name: 'a driver knows no other driver', path: 'controllers/drivers/zfs/pool.ts', target: '../ceph/cluster.ts', open: false },
    { name: 'a driver speaks a protocol', path: 'controllers/drivers/talos/node.ts', target: '../../../proto/gen/machine.ts', open: true },
    { name: 'a webhook asks a pure policy', path: 'webhooks/grant.ts', target: '../controllers/grant/policy.ts', open: true },
    { name: 'a webhook runs no step', path: 'webhooks/grant.ts', target: '../controllers/grant/steps.ts', open: false },
    {
      name: 'admission gathers facts for a verdict',
      path: 'controllers/grant/admission.ts',
      target: '../../webhooks/grant.ts',
      open: true,
    },
    { name: 'the composition root sees every room', path: 'controllers/operator.ts', target: './grant/controller.ts', open: true },
    { name: 'a room does not see the composition root', path: 'controllers/grant/controller.ts', target: '../operator.ts', open: false },
    { name: 'nothing that ships depends on tools', path: 'controllers/operator.ts', target: '../hack/demo.ts', open: false },
    { name: 'nothing depends on a test', path: 'controllers/grant/policy.ts', target: './policy.test.ts', open: false },
    { name: 'a test reaches for any helper', path: 'controllers/grant/policy.test.ts', target: '../../hack/verify/skip.ts', open: true },
    { name: 'packages are nobody’s room', path: 'controllers/runtime/transport.ts', target: 'undici', open: true },
  ];
  for (const { name, path, target, open } of cases) {
    it(name, () => {
      expect(closedDoors(tree({ [path]: `import { a } from '${target}';` }))).to.have.length(open ? 0 : 1);
    });
  }

  it('sees every way to write an import', () => {
    const ways = [
      "import {\n  a,\n} from 'x';",
      "import * as a from 'x';",
      "import a from 'x';",
      "export { a } from 'x';",
      "export * from 'x';",
      "import 'x';",
      "await import('x');",
    ];
    for (const way of ways) expect(parseSource('api/a.ts', way).imports, way).to.deep.equal([{ target: 'x', typeOnly: false }]);
    for (const way of ["import type { a } from 'x';", "import { type a, type b } from 'x';", "export type { a } from 'x';"])
      expect(parseSource('api/a.ts', way).imports, way).to.deep.equal([{ target: 'x', typeOnly: true }]);
  });

  it('holds for this tree', () => {
    expect(closedDoors(readSources())).to.deep.equal([]);
  });
});

describe('Pure modules are pure', () => {
  const room = 'controllers/grant/';
  const cases: readonly { name: string; files: Readonly<Record<string, string>>; found: number }[] = [
    {
      name: 'types may come from anywhere',
      files: {
        [`${room}policy.ts`]: "import type { Client } from '../runtime/client.ts';",
        'controllers/runtime/client.ts': "import { Pool } from 'undici';",
      },
      found: 0,
    },
    {
      name: 'a value must not lead to the network',
      files: {
        [`${room}policy.ts`]: "import { Client } from '../runtime/client.ts';",
        'controllers/runtime/client.ts': "import { Pool } from 'undici';",
      },
      found: 1,
    },
    {
      name: 'not even by a detour',
      files: {
        [`${room}render.ts`]: "import { a } from './names.ts';",
        [`${room}names.ts`]: "import { readFile } from 'node:fs/promises';",
      },
      found: 1,
    },
    {
      name: 'a pure helper of the machinery is fine',
      files: {
        [`${room}status.ts`]: "import { a } from '../runtime/conditions.ts';",
        'controllers/runtime/conditions.ts': 'export const a = 1;',
      },
      found: 0,
    },
    { name: 'hashing is fine', files: { [`${room}render.ts`]: "import { createHash } from 'node:crypto';" }, found: 0 },
    { name: 'the clock is passed in', files: { [`${room}policy.ts`]: 'const late = Date.now() > 1;' }, found: 1 },
    { name: 'a comment may mention the clock', files: { [`${room}policy.ts`]: '// not Date.now(): the clock is passed in' }, found: 0 },
    { name: 'steps may act', files: { [`${room}steps.ts`]: "import { request } from 'undici'; await request();" }, found: 0 },
  ];
  for (const { name, files, found } of cases) {
    it(name, () => {
      expect(impurities(tree(files))).to.have.length(found);
    });
  }

  it('holds for this tree', () => {
    expect(impurities(readSources())).to.deep.equal([]);
  });
});

describe('Exports and exceptions are explained', () => {
  const cases: readonly { name: string; text: string; found: number }[] = [
    { name: 'a documented export passes', text: '/** Adds. */\nexport function add(): void {}', found: 0 },
    { name: 'a bare export is found', text: 'export function add(): void {}', found: 1 },
    { name: 'a line comment promises nothing', text: '// Adds.\nexport const add = 1;', found: 1 },
    {
      name: 'overloads share a comment',
      text: '/** Adds. */\nexport function add(a: 1): void;\nexport function add(a: 2): void;',
      found: 0,
    },
    { name: 're-exports are documented where they come from', text: "export { add } from './add.ts';", found: 0 },
    { name: 'an unexplained exception is found', text: '// oxlint-disable-next-line eqeqeq\nconst a = 1;', found: 1 },
    {
      name: 'an explained exception passes',
      text: '// oxlint-disable-next-line eqeqeq -- null and undefined both mean absent here\nconst a = 1;',
      found: 0,
    },
  ];
  for (const { name, text, found } of cases) {
    it(name, () => {
      expect(missingComments(tree({ 'api/a.ts': text }))).to.have.length(found);
    });
  }

  it('wants a comment above each rule that is off', () => {
    expect(unexplainedOffs('// Off: why.\n"a": "off",\n"b": "off",\n"c": "error",\n"d": "off"')).to.deep.equal(['"d": "off"']);
    expect(unexplainedOffs(readFileSync('.oxlintrc.json', 'utf8'))).to.deep.equal([]);
  });

  it('holds for this tree', () => {
    expect(missingComments(readSources())).to.deep.equal([]);
  });
});
