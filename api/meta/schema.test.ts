import { expect } from 'chai';
import {
  bool,
  columns,
  conditioned,
  crd,
  dateTime,
  enumeration,
  exactlyOne,
  immutable,
  int32,
  int64,
  list,
  localRef,
  map,
  object,
  quantity,
  rule,
  sharedConditions,
  sharedReasons,
  text,
  timestamp,
  type Schema,
} from './schema.ts';
import { isMoment } from './scalars.ts';

const because = 'a test needs one';

describe('A piece of a schema becomes what the API server checks', () => {
  const cases: readonly { name: string; given: Schema; want: object }[] = [
    {
      name: 'text',
      given: text({ maxLength: 9, minLength: 1, pattern: '^a' }),
      want: { type: 'string', maxLength: 9, minLength: 1, pattern: '^a' },
    },
    { name: 'int32', given: int32({ minimum: 0, default: 3 }), want: { type: 'integer', format: 'int32', minimum: 0, default: 3 } },
    {
      name: 'int64 stays inside what JavaScript counts exactly',
      given: int64({ minimum: 0 }),
      want: { type: 'integer', format: 'int64', minimum: 0, maximum: 2 ** 53 - 1 },
    },
    { name: 'bool', given: bool({ because, default: false }), want: { type: 'boolean', default: false } },
    { name: 'timestamp', given: timestamp({}), want: { type: 'string', format: 'date-time', maxLength: 40 } },
    {
      name: 'enumeration is as long as its longest value',
      given: enumeration(['Keep', 'Evict'], {}),
      want: { type: 'string', enum: ['Keep', 'Evict'], maxLength: 5 },
    },
    {
      name: 'a set of texts',
      given: list(text({ maxLength: 3 }), { kind: 'set', maxItems: 2, default: ['a'] }),
      want: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string', maxLength: 3 }, maxItems: 2, default: ['a'] },
    },
    {
      name: 'a list of named objects',
      given: list(object({ name: text({ maxLength: 3 }) }), { kind: 'map', keys: ['name'], maxItems: 2 }),
      want: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', required: ['name'], properties: { name: { type: 'string', maxLength: 3 } } },
        maxItems: 2,
      },
    },
    {
      name: 'a map',
      given: map(text({ maxLength: 3 }), { maxProperties: 4, because }),
      want: { type: 'object', additionalProperties: { type: 'string', maxLength: 3 }, maxProperties: 4 },
    },
    {
      name: 'an object requires what is neither optional nor defaulted',
      given: object({ a: int32({}), b: int32({ optional: true }), c: int32({ default: 1 }) }),
      want: {
        type: 'object',
        required: ['a'],
        properties: {
          a: { type: 'integer', format: 'int32' },
          b: { type: 'integer', format: 'int32' },
          c: { type: 'integer', format: 'int32', default: 1 },
        },
      },
    },
    { name: 'an empty object', given: object({}), want: { type: 'object' } },
    {
      name: 'exactly one requires none, and counts',
      given: exactlyOne({ a: int32({}), b: int32({}) }, {}),
      want: {
        type: 'object',
        properties: { a: { type: 'integer', format: 'int32' }, b: { type: 'integer', format: 'int32' } },
        'x-kubernetes-validations': [
          { rule: '[has(self.a), has(self.b)].filter(given, given).size() == 1', message: 'give exactly one of a, b' },
        ],
      },
    },
    {
      name: 'rules stand in the order in which they were written',
      given: text({
        maxLength: 1,
        cel: [immutable('it', 'make another'), rule('self != ""', 'x', { optionalOldSelf: true, fieldPath: '.a' })],
      }),
      want: {
        type: 'string',
        maxLength: 1,
        'x-kubernetes-validations': [
          { rule: 'self == oldSelf', message: 'it is immutable: make another', reason: 'FieldValueForbidden' },
          { rule: 'self != ""', message: 'x', optionalOldSelf: true, fieldPath: '.a' },
        ],
      },
    },
  ];
  for (const { name, given, want } of cases) it(name, () => expect(given.json).to.deep.equal(want));

  it('a quantity is a number or a text that the API server can read as one', () => {
    const { json } = quantity({ default: '10Gi', description: 'size is how much.' });
    expect(json).to.include({ 'x-kubernetes-int-or-string': true, maxLength: 64, default: '10Gi', description: 'size is how much.' });
    expect(json['x-kubernetes-validations']).to.have.length(1);
  });

  it('a time is a text with a rule, since the format takes for times what is none', () => {
    const { json } = dateTime({ description: 'from is a time.' });
    expect(json).to.include({ type: 'string', maxLength: 40 }).and.not.have.property('format');
    expect(json['x-kubernetes-validations']).to.have.length(1);
    expect([json, timestamp({}).json, text({ maxLength: 40 }).json].map(isMoment)).to.deep.equal([true, true, false]);
  });

  it('a reference names its object by a text that can be a name', () => {
    const { json } = localRef('secretRef names a Secret.');
    expect(json).to.include({ 'x-kubernetes-map-type': 'atomic', description: 'secretRef names a Secret.' });
    expect(json.required).to.deep.equal(['name']);
  });

  it('exemptions are known by their path, however deep', () => {
    const inner = object({ on: bool({ because: 'the seed says so' }) });
    const tree = object({
      all: list(inner, { kind: 'atomic', maxItems: 1 }),
      by: map(inner, { maxProperties: 1, because: 'keys are names' }),
    });
    expect(tree.because).to.deep.equal({ '.all[].on': 'the seed says so', '.by': 'keys are names', '.by[*].on': 'the seed says so' });
  });
});

describe('A kind becomes a CustomResourceDefinition', () => {
  const { manifest } = crd({
    group: 'example.io',
    version: 'v1',
    kind: 'Sample',
    plural: 'samples',
    scope: 'Namespaced',
    shortNames: ['sp'],
    description: 'Sample is a sample.',
    spec: object({ size: int32({ description: 'size is a size.' }) }),
    status: conditioned({ used: int32({ description: 'used is a part.' }) }, { summary: { size: 'size is composed.' } }),
    columns: columns.ready().show('Size', '.status.summary.size', 'x').age().reason(),
    conditions: sharedConditions,
    reasons: sharedReasons,
    cel: [rule("self.metadata.name != 'x'", 'not x')],
  });
  const [version] = manifest.spec.versions;
  const root = version?.schema.openAPIV3Schema;
  const status = root?.properties?.['status'];

  it('names', () => {
    expect(manifest.metadata.name).to.equal('samples.example.io');
    expect(manifest.spec.names).to.deep.equal({
      kind: 'Sample',
      listKind: 'SampleList',
      plural: 'samples',
      singular: 'sample',
      shortNames: ['sp'],
      categories: ['keystone'],
    });
  });

  it('asks for a spec, and gives a status before anybody has written one', () => {
    expect(root?.required).to.deep.equal(['spec']);
    expect(root?.['x-kubernetes-validations']).to.have.length(1);
    expect(status?.default).to.deep.equal({ observedGeneration: -1 });
    expect(status?.required).to.equal(undefined);
    expect(version?.subresources).to.deep.equal({ status: {} });
  });

  it('conditions come first and are told apart by type', () => {
    expect(Object.keys(status?.properties ?? {})).to.deep.equal(['conditions', 'observedGeneration', 'used', 'summary']);
    expect(status?.properties?.['conditions']).to.include({ 'x-kubernetes-list-type': 'map', maxItems: 32 });
  });

  it('columns stand in the order in which they were asked for', () => {
    expect(version?.additionalPrinterColumns?.map(({ name, priority = 0 }) => [name, priority])).to.deep.equal([
      ['Ready', 0],
      ['Size', 0],
      ['Age', 0],
      ['Reason', 1],
    ]);
  });
});
