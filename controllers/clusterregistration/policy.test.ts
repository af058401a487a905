import { expect } from 'chai';
import type { Secret } from '../../api/meta/builtin.ts';
import { identityData, readIdentity } from './identity.ts';
import { generateKeys } from './keys.ts';
import { decideIdentity, type IdentityInputs } from './policy.ts';

const CLUSTER = '11111111-2222-3333-4444-555555555555';
const secretWith = (data: Record<string, string>): Secret => ({
  metadata: { name: 'keystone-identity', namespace: 'ks', uid: 'u', resourceVersion: '1' },
  data,
});
const secret = secretWith(identityData(generateKeys(), 'alice-home', CLUSTER));
const mine = readIdentity(secret);
const another = readIdentity(secretWith(identityData(generateKeys(), 'alice-home', CLUSTER)));
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const inputs = (given: Partial<IdentityInputs>): IdentityInputs => ({
  secret: undefined,
  published: {},
  clusterID: CLUSTER,
  realmSeed: undefined,
  secretName: 'ks/keystone-identity',
  ...given,
});

describe('FR-001 · who this realm is', () => {
  const refused: { name: string; given: Partial<IdentityInputs>; want: string }[] = [
    { name: 'a first start without a name', given: {}, want: 'RealmUnnamed' },
    {
      name: 'a published identity whose Secret is gone',
      given: { published: { publicKeyFingerprint: 'SHA256:x' }, realmSeed: 'alice-home' },
      want: 'IdentityLost',
    },
    { name: 'an empty Secret', given: { secret: secretWith({}) }, want: 'IdentityCorrupt' },
    { name: 'a Secret without a realm', given: { secret: secretWith({ ...secret.data, realm: '' }) }, want: 'IdentityCorrupt' },
    {
      name: 'a realm that is no DNS label',
      given: { secret: secretWith({ ...secret.data, realm: base64('../x') }) },
      want: 'IdentityCorrupt',
    },
    {
      name: 'a key that is none',
      given: { secret: secretWith({ ...secret.data, 'signing.key': base64('-----BEGIN PRIVATE KEY-----\nnope') }) },
      want: 'IdentityCorrupt',
    },
    {
      name: 'the two keys swapped',
      given: { secret: secretWith({ ...secret.data, 'signing.key': secret.data?.['sealing.key'] ?? '' }) },
      want: 'IdentityCorrupt',
    },
    { name: 'the Secret of another cluster', given: { secret, clusterID: 'another' }, want: 'IdentityOfAnotherCluster' },
    {
      name: 'another sealing key than the published one',
      given: { secret, published: { ...mine, encryptionKey: another?.encryptionKey ?? '' } },
      want: 'IdentityMismatch',
    },
    { name: 'another name than the published one', given: { secret, published: { ...mine, realm: 'eve' } }, want: 'IdentityMismatch' },
    { name: 'another key than the published one', given: { secret, published: another ?? {} }, want: 'IdentityMismatch' },
  ];
  for (const { name, given, want } of refused) {
    it(`is refused for ${name}, with a way out and without a key in the message`, () => {
      const decision = decideIdentity(inputs(given));
      expect(decision).to.include({ kind: 'refuse', reason: want });
      if (decision.kind !== 'refuse') return;
      expect(decision.message)
        .to.match(/set KEYSTONE_REALM|restore|delete/)
        .and.not.match(/PRIVATE|\.$/);
    });
  }

  it('is made new only where nothing was ever published', () => {
    expect(decideIdentity(inputs({ realmSeed: 'alice-home' }))).to.deep.equal({ kind: 'create', realm: 'alice-home' });
  });

  it('is held from then on, whatever the environment says', () => {
    expect(decideIdentity(inputs({ secret, published: mine ?? {}, realmSeed: 'bob-home' }))).to.deep.equal({
      kind: 'hold',
      identity: mine,
    });
    expect(mine).to.include({ realm: 'alice-home', clusterID: CLUSTER });
  });

  it('is a key of 32 bytes each, and a fingerprint that fits the schema', () => {
    expect(Buffer.from(mine?.publicKey ?? '', 'base64')).to.have.length(32);
    expect(Buffer.from(mine?.encryptionKey ?? '', 'base64')).to.have.length(32);
    expect(mine?.publicKeyFingerprint).to.match(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(mine?.publicKeyFingerprint).not.to.equal(another?.publicKeyFingerprint);
  });
});
