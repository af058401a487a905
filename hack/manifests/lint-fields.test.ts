import { expect } from 'chai';
import type { CrdManifest, JsonSchema } from '../../api/meta/json-schema.ts';
import { lintCrd } from './lint-api.ts';
import { FIELD_RULES } from './lint-fields.ts';
import { description, good, goodKind, kindWith, withStatus } from './sample.ts';

const item: JsonSchema = { type: 'string', maxLength: 9 };
const keep = { rule: 'self == oldSelf', message: 'it stays' };

interface Case {
  readonly rule: string;
  readonly name: string;
  readonly given: CrdManifest;
  readonly because?: Readonly<Record<string, string>>;
}

const CASES: readonly Case[] = [
  { rule: 'structural', name: 'a field without a type', given: kindWith('size', { description }) },
  {
    rule: 'closed',
    name: 'a field that keeps what it does not know',
    given: kindWith('size', { ...good, 'x-kubernetes-preserve-unknown-fields': true }),
  },
  { rule: 'field-name', name: 'a name in snake case', given: kindWith('my_size', { ...good, description: 'my_size is how much.' }) },
  { rule: 'description', name: 'no description', given: kindWith('size', item) },
  {
    rule: 'description',
    name: 'a description that begins with another word',
    given: kindWith('size', { ...good, description: 'how much.' }),
  },
  {
    rule: 'description',
    name: 'a description that begins with a longer word',
    given: kindWith('size', { ...good, description: 'sizes are much.' }),
  },
  { rule: 'bounded-string', name: 'a string without end', given: kindWith('size', { type: 'string', description }) },
  { rule: 'bounded-string', name: 'a quantity without end', given: kindWith('size', { 'x-kubernetes-int-or-string': true, description }) },
  {
    rule: 'bounded-list',
    name: 'a list without end',
    given: kindWith('size', { type: 'array', items: item, 'x-kubernetes-list-type': 'set', description }),
  },
  {
    rule: 'bounded-map',
    name: 'a map without end',
    given: kindWith('size', { type: 'object', additionalProperties: item, description }),
    because: { '.spec.size': 'a test needs one' },
  },
  {
    rule: 'list-type',
    name: 'a list that nobody can merge',
    given: kindWith('size', { type: 'array', items: item, maxItems: 1, description }),
  },
  {
    rule: 'list-type',
    name: 'a list map without keys',
    given: kindWith('size', { type: 'array', items: item, maxItems: 1, 'x-kubernetes-list-type': 'map', description }),
  },
  { rule: 'list-type', name: 'a list type on what is no list', given: kindWith('size', { ...good, 'x-kubernetes-list-type': 'set' }) },
  { rule: 'no-float', name: 'a float', given: kindWith('size', { type: 'number', description }) },
  { rule: 'integer-format', name: 'an integer of unknown width', given: kindWith('size', { type: 'integer', description }) },
  { rule: 'integer-format', name: 'an unsigned integer', given: kindWith('size', { type: 'integer', format: 'uint32', description }) },
  { rule: 'no-bool', name: 'a boolean', given: kindWith('size', { type: 'boolean', description }) },
  {
    rule: 'no-bool',
    name: 'a boolean with an excuse that says nothing',
    given: kindWith('size', { type: 'boolean', description }),
    because: { '.spec.size': 'because' },
  },
  { rule: 'no-map', name: 'a map', given: kindWith('size', { type: 'object', additionalProperties: item, maxProperties: 1, description }) },
  { rule: 'enum-case', name: 'a value in lower case', given: kindWith('size', { ...good, enum: ['Small', 'large'] }) },
  {
    rule: 'reference-name',
    name: 'a reference that is a string',
    given: kindWith('secretRef', { ...item, description: 'secretRef names it.' }),
  },
  {
    rule: 'reference-name',
    name: 'several references in one object',
    given: kindWith('secretRefs', { type: 'object', description: 'secretRefs name them.' }),
  },
  {
    rule: 'reference-name',
    name: 'a reference in full',
    given: kindWith('secretReference', { type: 'object', description: 'secretReference names it.' }),
  },
  {
    rule: 'reference-name',
    name: 'a reference under another name',
    given: kindWith('secret', {
      type: 'object',
      properties: { name: { ...item, description: 'name is its name.' } },
      required: ['name'],
      description: 'secret names it.',
    }),
  },
  { rule: 'presence', name: 'required, yet with a default', given: kindWith('size', { ...good, default: 'a' }, true) },
  {
    rule: 'presence',
    name: 'a required field that does not exist',
    given: kindWith('size', { type: 'object', required: ['depth'], description }),
  },
  { rule: 'presence', name: 'a required field of the status', given: withStatus((status) => ({ ...status, required: ['conditions'] })) },
  {
    rule: 'immutable',
    name: 'called immutable, yet not kept so',
    given: kindWith('size', { ...good, description: 'size is how much. Immutable.' }),
  },
  { rule: 'immutable', name: 'kept as it is without saying so', given: kindWith('size', { ...good, 'x-kubernetes-validations': [keep] }) },
  {
    rule: 'message',
    name: 'a CEL rule without a sentence',
    given: kindWith('size', { ...good, 'x-kubernetes-validations': [{ rule: 'self != ""', message: '' }] }),
  },
  {
    rule: 'message',
    name: 'a sentence with a period',
    given: kindWith('size', { ...good, 'x-kubernetes-validations': [{ rule: 'self != ""', message: 'No.' }] }),
  },
  { rule: 'exemption', name: 'an exemption for nothing', given: goodKind, because: { '.spec.size': 'a test needs one' } },
  { rule: 'exemption', name: 'an exemption for a field that is gone', given: goodKind, because: { '.spec.gone': 'a test needs one' } },
];

describe('The API linter finds a field that breaks', () => {
  for (const { rule, name, given, because = {} } of CASES) {
    it(`${rule}: ${name}`, () => {
      const found = lintCrd('file.yaml', given, because);
      expect(found.map((line) => line.split(': ')[2])).to.deep.equal([rule], found.join('\n'));
      expect(found[0]).to.match(/^file\.yaml: [^:]+: [a-z-]+: \S.*[^.]$/);
    });
  }

  it('each of the rules in at least one case', () => {
    const rules = [...FIELD_RULES.map(({ rule }) => rule), 'message', 'exemption'];
    expect([...new Set(CASES.map(({ rule }) => rule))].toSorted()).to.deep.equal(rules.toSorted());
  });
});
