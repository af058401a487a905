import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { CrdManifest, JsonSchema } from '../../api/meta/json-schema.ts';
import { columns } from '../../api/meta/schema.ts';
import { lintCrd } from './lint-api.ts';
import { KIND_RULES } from './lint-kinds.ts';
import { changed, description, good, goodKind, kindWith, withStatus } from './sample.ts';

const withConditions = (edit: (conditions: JsonSchema) => JsonSchema): CrdManifest =>
  withStatus((status) => ({ ...status, properties: { ...status.properties, conditions: edit(status.properties?.['conditions'] ?? {}) } }));

const withNames = (names: Partial<CrdManifest['spec']['names']>): CrdManifest => ({
  ...goodKind,
  spec: { ...goodKind.spec, names: { ...goodKind.spec.names, ...names } },
});

const withRules = (rules: JsonSchema['x-kubernetes-validations']): CrdManifest =>
  changed(({ schema: { openAPIV3Schema: root } }) => ({
    schema: { openAPIV3Schema: { ...root, ...(rules === undefined ? {} : { 'x-kubernetes-validations': rules }) } },
  }));

interface Case {
  readonly rule: string;
  readonly name: string;
  readonly given: CrdManifest;
  /** What the same fault breaks besides. */
  readonly also?: string;
}

const CASES: readonly Case[] = [
  { rule: 'names', name: 'not on the dashboard', given: withNames({ categories: [] }) },
  { rule: 'names', name: 'no short name', given: withNames({ shortNames: [] }) },
  { rule: 'names', name: 'a description that does not begin with the kind', given: withNames({ kind: 'Other' }) },
  { rule: 'status-subresource', name: 'a status that users can write', given: changed(() => ({ subresources: {} })) },
  { rule: 'status-default', name: 'a status that is empty at first', given: withStatus((status) => ({ ...status, default: {} })) },
  {
    rule: 'status-default',
    name: 'a default of another kind',
    given: withStatus((status) => ({ ...status, default: { observedGeneration: 0 } })),
  },
  { rule: 'conditions', name: 'no conditions', given: withStatus((status) => ({ ...status, properties: {} })), also: 'column-path' },
  {
    rule: 'conditions',
    name: 'conditions that come later',
    given: withStatus((status) => ({ ...status, properties: { size: good, ...status.properties } })),
  },
  {
    rule: 'conditions',
    name: 'conditions as an atomic list',
    given: withConditions((list) => ({ ...list, 'x-kubernetes-list-type': 'atomic' })),
  },
  {
    rule: 'conditions',
    name: 'conditions by reason',
    given: withConditions((list) => ({ ...list, 'x-kubernetes-list-map-keys': ['reason'] })),
  },
  {
    rule: 'conditions',
    name: 'conditions without a reason',
    given: withConditions((list) => ({ ...list, items: { ...list.items, required: ['type', 'status'] } })),
  },
  {
    rule: 'rule-path',
    name: 'a rule about the name that says where it is',
    given: withRules([{ rule: 'size(self.metadata.name) < 10', message: 'x', fieldPath: '.metadata.name' }]),
  },
  { rule: 'columns', name: 'no Ready', given: changed(() => ({ additionalPrinterColumns: columns.age().reason().list })) },
  { rule: 'columns', name: 'no Age', given: changed(() => ({ additionalPrinterColumns: columns.ready().reason().list })) },
  { rule: 'columns', name: 'no Reason', given: changed(() => ({ additionalPrinterColumns: columns.ready().age().list })) },
  {
    rule: 'columns',
    name: 'a Reason that takes everybody’s space',
    given: changed(() => ({
      additionalPrinterColumns: columns
        .ready()
        .age()
        .reason()
        .list.map((column) => ({ ...column, priority: 0 })),
    })),
  },
  {
    rule: 'column-path',
    name: 'a column that shows nothing',
    given: changed(() => ({ additionalPrinterColumns: columns.ready().age().reason().show('Size', '.status.size', 'x').list })),
  },
];

describe('The API linter finds a kind that breaks', () => {
  for (const { rule, name, given, also } of CASES) {
    it(`${rule}: ${name}`, () => {
      const rules = new Set(lintCrd('file.yaml', given, {}).map((line) => line.split(': ')[2]));
      expect([...rules]).to.deep.equal(also === undefined ? [rule] : [rule, also]);
    });
  }

  it('each of the rules in at least one case', () => {
    expect([...new Set(CASES.map(({ rule }) => rule))].toSorted()).to.deep.equal(KIND_RULES.map(({ rule }) => rule).toSorted());
  });
});

const item: JsonSchema = { type: 'string', maxLength: 9 };

describe('The API linter accepts', () => {
  it('a kind in good order', () => expect(lintCrd('file.yaml', goodKind, {})).to.deep.equal([]));

  it('a boolean and a map with a written reason', () => {
    expect(lintCrd('file.yaml', kindWith('size', { type: 'boolean', description }), { '.spec.size': 'the seed has it so' })).to.deep.equal(
      [],
    );
    const map: JsonSchema = { type: 'object', additionalProperties: item, maxProperties: 1, description };
    expect(lintCrd('file.yaml', kindWith('size', map), { '.spec.size': 'keys are resource names' })).to.deep.equal([]);
  });

  it('a column that shows one entry of a map', () => {
    const map: JsonSchema = { type: 'object', additionalProperties: item, maxProperties: 1, description };
    const kind = kindWith('size', map);
    const versions = kind.spec.versions.map((version) => ({
      ...version,
      additionalPrinterColumns: columns.ready().age().reason().show('CPU', '.spec.size.cpu', 'x').list,
    }));
    expect(lintCrd('file.yaml', { ...kind, spec: { ...kind.spec, versions } }, { '.spec.size': 'keys are resource names' })).to.deep.equal(
      [],
    );
  });

  it('every kind of ours', () => {
    expect(kinds.flatMap(({ manifest, because }) => lintCrd('file.yaml', manifest, because))).to.deep.equal([]);
  });
});
