import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import {
  columns,
  conditioned,
  crd,
  dateTime,
  enumeration,
  int32,
  int64,
  list,
  map,
  object,
  quantity,
  sharedConditions,
  sharedReasons,
  text,
  type Schema,
} from '../../api/meta/schema.ts';
import { docsPage } from './docs.ts';

for (const kind of kinds) {
  describe(`The page of ${kind.resource.kind}`, () => {
    const fresh = docsPage(kind, undefined).content;

    it('has a line for every reason, condition, column and field', () => {
      const names = [
        ...Object.keys(kind.reasons),
        ...Object.keys(kind.conditions),
        ...Object.keys(kind.manifest.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec']?.properties ?? {}),
      ];
      for (const name of names) expect(fresh).to.contain(name);
      for (const { remedy } of Object.values(kind.reasons)) expect(fresh).to.contain(remedy);
    });

    it('keeps what people wrote between the generated parts', () => {
      const written = fresh.replace('## reasons', 'A sentence by hand: $& $1.\n\n## What to do');
      expect(docsPage(kind, written).content).to.equal(written);
    });

    it('replaces what was changed inside a generated part', () => {
      expect(docsPage(kind, fresh.replace('| reason |', '| cause |')).content).to.equal(fresh);
    });

    const broken = [
      { name: 'a part whose begin is missing', page: fresh.replace('<!-- generated: fields -->', '') },
      { name: 'a part whose end is missing', page: fresh.replace('<!-- end of fields -->', '') },
      { name: 'a part that stands twice', page: `${fresh}<!-- generated: fields -->\n<!-- end of fields -->\n` },
      {
        name: 'a part that ends before it begins',
        page: fresh
          .replace('<!-- end of fields -->', '')
          .replace('<!-- generated: fields -->', '<!-- end of fields --><!-- generated: fields -->'),
      },
    ];
    for (const { name, page } of broken) {
      it(`refuses ${name}`, () => expect(() => docsPage(kind, page)).to.throw(/needs exactly one "<!-- generated: fields -->"/));
    }
  });
}

describe('The type of a field on its page tells what the API server bounds', () => {
  const kindWith = (given: Schema) =>
    crd({
      group: 'example.io',
      version: 'v1',
      kind: 'Sample',
      plural: 'samples',
      scope: 'Namespaced',
      shortNames: ['sp'],
      description: 'Sample is a sample.',
      spec: object({ given }),
      status: conditioned({}),
      columns: columns.ready().age().reason(),
      conditions: sharedConditions,
      reasons: sharedReasons,
    });
  const cases: readonly { name: string; given: Schema; want: string }[] = [
    { name: 'a text', given: text({ maxLength: 63, minLength: 1 }), want: 'string, 1 to 63 characters' },
    { name: 'a text that may be empty', given: text({ maxLength: 64 }), want: 'string, at most 64 characters' },
    { name: 'a text of one length', given: text({ maxLength: 3, minLength: 3 }), want: 'string, exactly 3 characters' },
    { name: 'a short pattern', given: text({ maxLength: 9, pattern: '^a|b' }), want: 'string, at most 9 characters, `^a\\|b`' },
    {
      name: 'a pattern that nobody reads',
      given: text({ maxLength: 9, pattern: `^${'a'.repeat(40)}` }),
      want: 'string, at most 9 characters',
    },
    { name: 'a number', given: int32({ minimum: 1, maximum: 65_535 }), want: 'integer, 1 to 65535' },
    { name: 'a number without an end', given: int64({ minimum: 0 }), want: 'integer, at least 0' },
    { name: 'a number without bounds', given: int64({}), want: 'integer' },
    { name: 'a time', given: dateTime({}), want: 'time' },
    { name: 'one of a few words', given: enumeration(['Keep', 'Evict'], {}), want: '`Keep`, `Evict`' },
    { name: 'a quantity', given: quantity({}), want: 'quantity, at most 64 characters' },
    {
      name: 'a list',
      given: list(text({ maxLength: 3 }), { kind: 'set', maxItems: 2 }),
      want: 'list, at most 2 items; each string, at most 3 characters',
    },
    {
      name: 'a map',
      given: map(int32({ maximum: 9 }), { maxProperties: 4, because: 'a test needs one' }),
      want: 'map, at most 4 keys; each integer, at most 9',
    },
  ];
  for (const { name, given, want } of cases)
    it(name, () => expect(docsPage(kindWith(given), undefined).content).to.contain(`| \`spec.given\` | ${want} | required |`));
});
