import { expect } from 'chai';
import {
  bool,
  columns,
  conditioned,
  crd,
  dateTime,
  enumeration,
  immutable,
  inOrder,
  int32,
  labelSelector,
  list,
  localRef,
  map,
  object,
  quantity,
  rule,
  sharedConditions,
  sharedReasons,
  text,
} from '../../api/meta/schema.ts';
import { controlPlane } from '../env/hooks.ts';
import { kubectl, type KubectlResult } from '../env/kubectl.ts';

const KEY = "k.matches('^(requests[.])?[a-z][a-z0-9./-]{0,62}$')";

/** Every word of the vocabulary in the places where kinds need it, within the API server's budget for CEL. */
const specimen = crd({
  group: 'test.keystone.io',
  version: 'v1alpha1',
  kind: 'Specimen',
  plural: 'specimens',
  scope: 'Cluster',
  shortNames: ['spm'],
  description: 'Specimen tries every word of the vocabulary.',
  spec: object(
    {
      hard: map(quantity({}), {
        maxProperties: 64,
        because: 'the keys are resource names',
        optional: true,
        description: 'hard is a map of quantities with rules over its keys and values.',
        cel: [
          rule(`self.all(k, ${KEY})`, 'hard has a key that is no resource', {
            messageExpression: `'hard has no resource ' + self.filter(k, !${KEY})[0]`,
          }),
          rule(
            "self.all(k, !isQuantity(string(self[k])) || quantity(string(self[k])).compareTo(quantity('0')) >= 0)",
            'hard has a negative amount',
          ),
        ],
      }),
      realm: text({
        maxLength: 63,
        default: 'alice',
        cel: [immutable('realm', 'make another')],
        description: 'realm is immutable and has a default.',
      }),
      window: object(
        {
          from: dateTime({ optional: true, description: 'from is a time.' }),
          until: dateTime({ optional: true, description: 'until is a time.' }),
        },
        {
          default: {},
          description: 'window has two ends in order.',
          cel: [rule(inOrder('from', 'until'), 'until must be later than from', { fieldPath: '.until' })],
        },
      ),
      routes: list(
        object({
          name: text({ maxLength: 63, description: 'name tells routes apart.' }),
          targets: list(
            text({ maxLength: 64, cel: [rule("isCIDR(self) || self.startsWith('realm:')", 'a target is a CIDR or realm:NAME')] }),
            {
              kind: 'set',
              maxItems: 16,
              description: 'targets are CIDRs or realms.',
              cel: [rule('self.all(t, size(t) > 0)', 'a target must not be empty')],
            },
          ),
        }),
        { kind: 'map', keys: ['name'], maxItems: 32, optional: true, description: 'routes are lists inside a list.' },
      ),
      egress: bool({ because: 'the seed names it so', default: false, description: 'egress is off unless it is on.' }),
      policy: enumeration(['Keep', 'Evict'], { default: 'Keep', description: 'policy is one of two.' }),
      port: int32({ minimum: 1, maximum: 65_535, default: 443, description: 'port is a number.' }),
      members: labelSelector('members selects by label; without it none.', { optional: true }),
      secretRef: localRef('secretRef names a Secret; without it there is none.', { optional: true }),
      claim: text({ maxLength: 64, optional: true, description: 'claim is taken once.' }),
    },
    {
      description: 'spec is what is tried.',
      cel: [
        rule('!has(oldSelf.claim) || (has(self.claim) && self.claim == oldSelf.claim)', 'the claim is taken', { fieldPath: '.claim' }),
        rule('oldSelf.hasValue() || !has(self.claim)', 'the claim is empty at first', { optionalOldSelf: true, fieldPath: '.claim' }),
      ],
    },
  ),
  status: conditioned({}),
  columns: columns.ready().age().reason(),
  conditions: sharedConditions,
  reasons: sharedReasons,
});

describe('The vocabulary of schemas on a real API server', () => {
  const run = (args: readonly string[], manifest?: object): Promise<KubectlResult> =>
    kubectl(controlPlane().kubeconfigPath, args, manifest === undefined ? {} : { stdin: JSON.stringify(manifest) });
  const apply = (spec: object, ...args: readonly string[]): Promise<KubectlResult> =>
    run(['apply', '-f', '-', '-o', 'json', ...args], {
      apiVersion: 'test.keystone.io/v1alpha1',
      kind: 'Specimen',
      metadata: { name: 'one' },
      spec,
    });

  before(async () => {
    expect(await run(['apply', '--server-side', '-f', '-'], specimen.manifest)).to.include({ code: 0 });
    await run(['wait', '--for=condition=Established', 'crd/specimens.test.keystone.io', '--timeout=90s']);
  });
  after(() => run(['delete', 'crd', 'specimens.test.keystone.io']));

  it('fills in defaults, also inside defaulted objects', async () => {
    const { stdout, stderr } = await apply({ hard: { cpu: 2, 'requests.memory': '10Gi' } }, '--dry-run=server');
    expect(stderr).to.equal('');
    expect(JSON.parse(stdout)).to.have.deep.property('spec', {
      hard: { cpu: 2, 'requests.memory': '10Gi' },
      realm: 'alice',
      window: {},
      egress: false,
      policy: 'Keep',
      port: 443,
    });
  });

  const refusals: readonly { name: string; spec: object; want: string }[] = [
    { name: 'a key of a map', spec: { hard: { CPU: 1 } }, want: 'spec.hard: Invalid value: hard has no resource CPU' },
    { name: 'a negative amount', spec: { hard: { cpu: -1 } }, want: 'spec.hard: Invalid value: hard has a negative amount' },
    {
      name: 'an amount with an unknown unit',
      spec: { hard: { cpu: '3x' } },
      want: 'spec.hard[cpu]: Invalid value: "3x": an amount is a number with or without a unit, such as 500m, 2 or 10Gi',
    },
    {
      name: 'an item of a list inside a list',
      spec: { routes: [{ name: 'a', targets: ['nowhere'] }] },
      want: 'spec.routes[0].targets[0]: Invalid value: "nowhere": a target is a CIDR or realm:NAME',
    },
    {
      name: 'times in the wrong order',
      spec: { window: { from: '2030-01-02T00:00:00Z', until: '2030-01-01T00:00:00Z' } },
      want: 'spec.window.until: Invalid value: until must be later than from',
    },
    {
      name: 'a day that is no time',
      spec: { window: { from: '2030-01-02', until: '2030-01-01T00:00:00Z' } },
      want: 'spec.window.from: Invalid value: "2030-01-02": a time is written as 2030-01-01T00:00:00Z, or with an offset as 2030-01-01T02:00:00+02:00',
    },
    {
      name: 'an amount that only the API server takes for one',
      spec: { hard: { cpu: 'm' } },
      want: 'spec.hard[cpu]: Invalid value: "m": an amount is a number with or without a unit, such as 500m, 2 or 10Gi',
    },
    { name: 'what is allowed later only', spec: { claim: 'bob' }, want: 'spec.claim: Invalid value: the claim is empty at first' },
  ];
  for (const { name, spec, want } of refusals) {
    it(`tells what is wrong with ${name}`, async () => {
      const { code, stderr } = await apply(spec, '--dry-run=server');
      expect(code).to.equal(1);
      expect(stderr.trim()).to.equal(`The Specimen "one" is invalid: ${want}`);
    });
  }

  it('holds rules over time', async () => {
    await apply({});
    expect(await apply({ claim: 'bob' })).to.include({ code: 0 });
    for (const spec of [{ claim: 'eve' }, {}])
      expect((await apply(spec)).stderr).to.contain('spec.claim: Invalid value: the claim is taken');
    expect((await apply({ claim: 'bob', realm: 'eve' })).stderr).to.contain('spec.realm: Forbidden: realm is immutable: make another');
  });
});
