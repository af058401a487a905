import { expect } from 'chai';
import { clusterRegistrationSchema } from '../../api/guildnet/v1alpha1/clusterregistration.ts';
import { fieldsOf } from '../../hack/manifests/fields.ts';
import { eventually } from '../env/eventually.ts';
import { controlPlane } from '../env/hooks.ts';
import { kubectl, type KubectlResult } from '../env/kubectl.ts';

const NOT_SERVED =
  'is not served by this version of the operator: the only registration it serves is the one named local, with source {local: {}}';
const ONE_OF = 'spec.source: Invalid value: give exactly one of local, ticketSecretRef, tailnet, kubeconfigSecretRef';
const LOCAL_IS_THIS_REALM =
  'spec.source: Forbidden: the registration named local is this realm itself: give it source {local: {}}, or give a remote cluster another name';
const ref = { name: 'a-secret' };

const run = (args: readonly string[], manifest?: object): Promise<KubectlResult> =>
  kubectl(controlPlane().kubeconfigPath, args, manifest === undefined ? {} : { stdin: JSON.stringify(manifest) });

const registration = (name: string, source: object): object => ({
  apiVersion: 'guildnet.io/v1alpha1',
  kind: 'ClusterRegistration',
  metadata: { name },
  spec: { source },
});

/** The sentences of a refusal, as a user reads them. */
const sentencesOf = ({ stderr }: KubectlResult): readonly string[] =>
  stderr
    .replace(/^The ClusterRegistration "[^"]*" is invalid: /, '')
    .split('\n')
    .map((line) => line.replace(/^\* /, ''))
    .filter((line) => line !== '');

const succeeded = async (args: readonly string[], manifest?: object): Promise<string> => {
  const result = await run(args, manifest);
  expect(result.code, result.stderr).to.equal(0);
  return result.stdout;
};

describe('The schema of ClusterRegistration on a real API server', () => {
  before(async () => {
    await succeeded(['apply', '--server-side', '-k', 'config/crd']);
    await succeeded(['apply', '--server-side', '-f', 'config/manager/namespace.yaml']);
    await succeeded(['apply', '--server-side', '-k', 'config/policies']);
    await succeeded(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=90s']);
    await succeeded(['delete', 'clusterregistrations', '--all', '--timeout=90s']);
  });
  afterEach(() => succeeded(['delete', 'clusterregistrations', '--all', '--timeout=90s']));

  const refusals: readonly { name: string; object: string; source: object; want: readonly string[] }[] = [
    { name: 'no source', object: 'local', source: {}, want: [ONE_OF] },
    { name: 'no source under another name', object: 'bob', source: {}, want: [ONE_OF] },
    {
      name: 'a source that is not served: a ticket',
      object: 'bob',
      source: { ticketSecretRef: ref },
      want: [`spec.source.ticketSecretRef: Forbidden: source.ticketSecretRef ${NOT_SERVED}`],
    },
    {
      name: 'a source that is not served: a tailnet',
      object: 'bob',
      source: { tailnet: { host: 'realm-b', ticketSecretRef: ref } },
      want: [`spec.source.tailnet: Forbidden: source.tailnet ${NOT_SERVED}`],
    },
    {
      name: 'a source that is not served: a kubeconfig',
      object: 'bob',
      source: { kubeconfigSecretRef: ref },
      want: [`spec.source.kubeconfigSecretRef: Forbidden: source.kubeconfigSecretRef ${NOT_SERVED}`],
    },
    {
      name: 'two sources',
      object: 'local',
      source: { local: {}, ticketSecretRef: ref },
      want: [ONE_OF, `spec.source.ticketSecretRef: Forbidden: source.ticketSecretRef ${NOT_SERVED}`],
    },
    {
      name: 'this realm under another name',
      object: 'bob',
      source: { local: {} },
      want: [
        'spec.source: Forbidden: source.local is this realm itself, which is registered once: name it local instead of bob, or give it a source that leads to another cluster',
      ],
    },
    {
      name: 'another realm under the name local',
      object: 'local',
      source: { kubeconfigSecretRef: ref },
      want: [LOCAL_IS_THIS_REALM, `spec.source.kubeconfigSecretRef: Forbidden: source.kubeconfigSecretRef ${NOT_SERVED}`],
    },
    {
      name: 'a host and a Secret that can have no such names',
      object: 'bob',
      source: { tailnet: { host: 'https://realm-b', ticketSecretRef: { name: 'A_b' } } },
      want: [
        `spec.source.tailnet: Forbidden: source.tailnet ${NOT_SERVED}`,
        'spec.source.tailnet.host: Invalid value: "https://realm-b": host is a machine name in the tailnet such as realm-b or realm-b.example.ts.net, without scheme, port or path',
        'spec.source.tailnet.ticketSecretRef.name: Invalid value: "A_b": an object\'s name has lower-case letters, digits, dashes and dots, at most 253 of them',
      ],
    },
  ];
  for (const { name, object, source, want } of refusals) {
    it(`refuses ${name}`, async () => {
      const result = await run(['create', '-f', '-'], registration(object, source));
      expect(result.code).to.equal(1);
      expect(sentencesOf(result)).to.have.members(want);
    });
  }

  it('refuses a bare endpoint by its name', async () => {
    const { code, stderr } = await run(['create', '-f', '-'], registration('bob', { endpoint: 'https://192.0.2.1:6443' }));
    expect(code).to.equal(1);
    expect(stderr).to.contain('unknown field "spec.source.endpoint"');
  });

  it('accepts the sample, and gives it a status that no tool takes for success', async () => {
    await succeeded(['apply', '--dry-run=server', '--validate=strict', '-k', 'config/samples']);
    const created: unknown = JSON.parse(await succeeded(['create', '-f', '-', '-o', 'json'], registration('local', { local: {} })));
    expect(created).to.have.deep.property('status', { observedGeneration: -1 });
  });

  it('refuses to change the source', async () => {
    await succeeded(['create', '-f', '-'], registration('local', { local: {} }));
    const patch = JSON.stringify({ spec: { source: { local: null, ticketSecretRef: ref } } });
    const sentences = sentencesOf(await run(['patch', 'creg', 'local', '--type=merge', '-p', patch]));
    expect(sentences).to.include(
      'spec.source: Forbidden: source is immutable: delete this registration and create it again with the new source',
    );
  });

  it('refuses to change or drop what peers have pinned', async () => {
    await succeeded(['create', '-f', '-'], registration('local', { local: {} }));
    const patchStatus = (status: object): Promise<KubectlResult> =>
      run(['patch', 'creg', 'local', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]);
    const known = {
      realm: 'alice',
      clusterID: '6f0d',
      publicKey: `${'A'.repeat(43)}=`,
      publicKeyFingerprint: `SHA256:${'A'.repeat(43)}`,
      encryptionKey: `${'B'.repeat(43)}=`,
    };
    expect(await patchStatus(known)).to.include({ code: 0 });
    expect(await patchStatus({ ...known, version: 'v1.35.4' })).to.include({ code: 0 });
    for (const [field, value] of Object.entries(known)) {
      const sentence = `status.${field}: Forbidden: ${field} was made known and can't change any more: it goes with this object only`;
      expect(sentencesOf(await patchStatus({ [field]: value.replace(/.(=?)$/, 'c$1') })), field).to.deep.equal([sentence]);
      expect(sentencesOf(await patchStatus({ [field]: null })), field).to.deep.equal([sentence]);
    }
  });

  it('explains every field', async () => {
    const listing = await succeeded(['explain', 'clusterregistration', '--recursive']);
    const root = clusterRegistrationSchema.manifest.spec.versions[0]?.schema.openAPIV3Schema ?? {};
    const names = fieldsOf(root).flatMap(({ name }) => (name === '' ? [] : [name]));
    const explained = new Set(listing.split('\n').map((line) => line.trim().split('\t')[0]));
    expect(names.filter((name) => !explained.has(name))).to.deep.equal([]);
    expect(await succeeded(['explain', 'creg.spec.source.local'])).to.contain('local is this realm itself');
  });
});

describe('The admission policies of ClusterRegistration', () => {
  const warningOf = ({ stderr }: KubectlResult): string => /: (?<message>(?:this|the) .*)/.exec(stderr)?.groups?.['message'] ?? stderr;
  const deleted = async (...args: readonly string[]): Promise<string> => {
    const result = await run(['delete', ...args]);
    expect(result.code, result.stderr).to.equal(0);
    return warningOf(result);
  };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keystone-identity', labels: { 'keystone.io/identity': 'local' } } };
  const SECRET_WARNING =
    'this ends the identity of this realm: its peers know it by the keys in this Secret, and only a backup of it brings them back';
  const LOCAL_WARNING =
    'the operator makes clusterregistration/local again, with the same name and the same identity, as long as the Secret keystone-identity is there';

  before(async () => {
    await succeeded(['apply', '--server-side', '-k', 'config/crd']);
    await succeeded(['apply', '--server-side', '-k', 'config/policies']);
    await succeeded(['wait', '--for=condition=Established', 'crd/clusterregistrations.guildnet.io', '--timeout=90s']);
  });

  it('warn before the Secret with the identity is deleted, also in a dry run, and let it happen', async () => {
    await succeeded(['apply', '-f', '-'], secret);
    // A policy takes a moment until it holds.
    await eventually(async () => expect(await deleted('secret', 'keystone-identity', '--dry-run=server')).to.equal(SECRET_WARNING));
    expect(await deleted('secret', 'keystone-identity')).to.equal(SECRET_WARNING);
    await succeeded(['create', 'secret', 'generic', 'any-other']);
    expect(await deleted('secret', 'any-other')).to.equal('');
  });

  it('warn before the registration of this realm is deleted, and say what will come of it', async () => {
    await succeeded(['apply', '-f', '-'], registration('local', { local: {} }));
    await eventually(async () => expect(await deleted('creg', 'local', '--dry-run=server')).to.equal(LOCAL_WARNING));
    const lost = {
      type: 'IdentityEstablished',
      status: 'False',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
      reason: 'IdentityLost',
      message: 'The Secret is gone',
    };
    await succeeded([
      'patch',
      'creg',
      'local',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status: { conditions: [lost] } }),
    ]);
    expect(await deleted('creg', 'local')).to.match(/begins with a new identity, and every peer must enrol again$/);
  });
});
