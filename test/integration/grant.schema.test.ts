import { expect } from 'chai';
import { grantSchema } from '../../api/keystone/v1alpha1/grant.ts';
import { fieldsOf } from '../../hack/manifests/fields.ts';
import type { Answer } from '../env/api.ts';
import { api } from '../env/hooks.ts';
import { useNamespace } from '../env/namespace.ts';
import { SEED } from '../grant/seed.ts';
import { grant, grantsIn, install, kubectlWith, realms, sentencesOf, succeeded } from '../grant/schema.ts';

const FINGERPRINT = `SHA256:${'A'.repeat(43)}`;
const CLUSTER = '6f0c1c7e-0d3a-4d26-9d0e-5f6f0c1c7e0d';

describe('The schema of Grant on a real API server', () => {
  const namespace = useNamespace(api);
  const created = async (spec: object): Promise<unknown> => {
    const { status, body } = await api().call('POST', grantsIn(namespace()), { body: grant(spec) });
    expect(status, JSON.stringify(body)).to.equal(201);
    return body;
  };
  const send = (subresource: '' | '/status', body: object): Promise<Answer> =>
    api().call('PATCH', `${grantsIn(namespace())}/one${subresource}`, { body, contentType: 'application/merge-patch+json' });
  const patch = (spec: object): Promise<Answer> => send('', { spec });
  const patchStatus = (status: object): Promise<Answer> => send('/status', { status });

  before(install);

  it("applies the seed's example to the letter, and changes nothing when it is applied again", async () => {
    await kubectlWith(['create', 'namespace', 'keystone-system']);
    try {
      const apply = async (): Promise<unknown> =>
        JSON.parse(await succeeded(['apply', '--validate=strict', '-o', 'json', '-f', '-'], SEED));
      await apply();
      // The status in the example is dropped, yet makes kubectl send it: the first time this stores the default.
      const read = await apply();
      expect(read).to.have.nested.property('metadata.generation', 1);
      expect(await apply()).to.deep.equal(read);
      expect(read).to.have.nested.property('spec.hard').that.deep.equals({
        'requests.cpu': '2',
        'requests.memory': '4Gi',
        'limits.cpu': '4',
        'limits.memory': '8Gi',
        'requests.storage': '100Gi',
        'requests.nvidia.com/gpu': 1,
      });
      expect(read, 'what a user says of the status counts for nothing').to.have.deep.property('status', { observedGeneration: -1 });
    } finally {
      await succeeded(['delete', '-n', 'keystone-system', 'grant', 'alice-to-bob-compute', '--ignore-not-found']);
    }
  });

  it('fills in what is not given, and leaves an absent hard absent', async () => {
    expect(await created({})).to.have.deep.property('spec', {
      ...realms,
      networkPolicy: { egressAllowed: false, allowedDestinations: [] },
      cordoned: false,
      revoked: false,
      revocation: 'Graceful',
      noticePeriod: '30s',
      overcommit: 'Deny',
      dataRetention: '168h',
    });
  });

  it('refuses a fraction that is a number, in the one sentence that the API server has for it before it comes to ours', async () => {
    for (const key of ['requests.nvidia.com/gpu', 'requests.cpu']) {
      const { code, stderr } = await kubectlWith(['create', '-n', namespace(), '-f', '-'], JSON.stringify(grant({ hard: { [key]: 0.5 } })));
      expect(code).to.equal(1);
      expect(
        stderr
          .trim()
          .split('\n')
          .map((line) => line.trim()),
      ).to.deep.equal([
        'The Grant "one" is invalid:',
        `* spec.hard.${key}: Invalid value: "number": spec.hard.${key} in body must be of type integer,string: "number"`,
        '* <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      ]);
    }
    await created({ hard: { 'requests.cpu': '0.5', 'requests.nvidia.com/gpu': 1 } });
  });

  it('refuses to lend from or to another realm than at first', async () => {
    await created({});
    for (const field of ['grantorRealm', 'granteeRealm']) {
      expect(sentencesOf(await patch({ [field]: 'carol' }))).to.deep.equal([
        `spec.${field}: Forbidden: ${field} is immutable: delete this Grant and create another for the other realm`,
      ]);
    }
  });

  it('lets the grantee be known better, and then refuses to change or drop it', async () => {
    await created({});
    const known = { clusterID: CLUSTER, publicKeyFingerprint: FINGERPRINT };
    expect(await patch({ grantee: { cidrs: ['100.64.0.7/32'] } })).to.include({ status: 200 });
    expect(await patch({ grantee: known })).to.include({ status: 200 });
    expect(await patch({ grantee: { cidrs: [] } })).to.include({ status: 200 });
    for (const [field, value] of Object.entries(known)) {
      const sentence = `spec.grantee.${field}: Forbidden: grantee.${field} is set and can't change any more: delete this Grant and create another for the other realm`;
      expect(sentencesOf(await patch({ grantee: { [field]: value.replace(/.$/, '0') } }))).to.deep.equal([sentence]);
      expect(sentencesOf(await patch({ grantee: { [field]: null } }))).to.deep.equal([sentence]);
    }
    expect(sentencesOf(await patch({ grantee: null }))).to.have.length(2);
  });

  it('lets everything else change', async () => {
    await created({});
    const change = {
      hard: { pods: 1 },
      networkPolicy: { egressAllowed: true, allowedDestinations: ['realm:carol'] },
      validity: { validUntil: '2030-01-01T00:00:00Z' },
      cordoned: true,
      revoked: true,
      revocation: 'Immediate',
      noticePeriod: '5m',
      overcommit: 'Allow',
      dataRetention: '24h',
    };
    expect(await patch(change)).to.include({ status: 200 });
    expect(await patch(Object.fromEntries(Object.keys(change).map((field) => [field, null])))).to.include({ status: 200 });
  });

  it('never lets an epoch come back', async () => {
    await created({});
    const ended = { epoch: 2, reason: 'Revoked', at: '2026-01-01T00:00:00Z' };
    expect(await patchStatus({ epoch: 2, ended })).to.include({ status: 200 });
    for (const epoch of [1, null]) {
      expect(sentencesOf(await patchStatus({ epoch })), String(epoch)).to.deep.equal([
        'status.epoch: Forbidden: epoch only grows: an older one was done with',
      ]);
    }
    expect(sentencesOf(await patchStatus({ ended: null }))).to.deep.equal([
      'status.ended: Forbidden: ended stays: what has ended comes back as a new epoch only',
    ]);
    expect(await patchStatus({ epoch: 3, ended: null })).to.include({ status: 200 });
  });

  it('tells its story in columns', async () => {
    await created({});
    const ready = { observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'InForce', message: '' };
    const summary = {
      grantee: 'bob-home',
      cpu: '1/4',
      memory: '2/8Gi',
      storage: '25/100Gi',
      gpu: '0/1',
      egress: 'None',
      expires: '2030-01-01',
    };
    const conditions = ['Ready', 'Usable'].map((type) => ({ type, status: 'True', ...ready }));
    expect(await patchStatus({ phase: 'Active', summary, conditions })).to.include({ status: 200 });
    const table = async (...args: readonly string[]): Promise<readonly string[]> =>
      (await succeeded(['get', 'gr', '-n', namespace(), ...args]))
        .trim()
        .split('\n')
        .map((line) => line.replace(/\d+s /, '?s ').replace(/\d+s$/, '?s'));
    expect(await table()).to.deep.equal([
      'NAME   GRANTEE    PHASE    READY   USABLE   CPU   MEMORY   STORAGE    EXPIRES      AGE',
      'one    bob-home   Active   True    True     1/4   2/8Gi    25/100Gi   2030-01-01   ?s',
    ]);
    const [header = '', line = ''] = await table('-o', 'wide');
    expect(header.split(/ +/).slice(-4)).to.deep.equal(['AGE', 'GPU', 'EGRESS', 'REASON']);
    expect(line.split(/ +/).slice(-4)).to.deep.equal(['?s', '0/1', 'None', 'InForce']);
  });

  it('explains every field, and every key of hard', async () => {
    const listing = await succeeded(['explain', 'grant', '--recursive']);
    const root = grantSchema.manifest.spec.versions[0]?.schema.openAPIV3Schema ?? {};
    const names = fieldsOf(root).flatMap(({ name }) => (name === '' ? [] : [name]));
    const explained = new Set(listing.split('\n').map((line) => line.trim().split('\t')[0]));
    expect(names.filter((name) => !explained.has(name))).to.deep.equal([]);
    expect(await succeeded(['explain', 'gr.spec.hard'])).to.contain('requests.nvidia.com/gpu');
    expect(await succeeded(['explain', 'gr.spec.validity.validUntil'])).to.match(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
  });
});
