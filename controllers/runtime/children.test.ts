import { expect } from 'chai';
import { ConfigMap } from '../../api/meta/builtin.ts';
import { fakeClock } from '../../test/doubles/clock.ts';
import { scriptedTransport } from '../../test/doubles/transport.ts';
import { Parcel } from '../../test/parcel/parcel.ts';
import type { Informers } from './caches.ts';
import { createWriter, type ApplyMemory } from './children.ts';
import { createClient } from './client.ts';
import { createGate } from './consistency.ts';
import { ApiError } from './errors.ts';
import { createInformer } from './informer.ts';
import { silentLogger } from './log.ts';
import { nameOf } from './resource.ts';
import type { ApiRequest } from './transport.ts';

const owner = {
  controller: 'parcel',
  resource: Parcel,
  metadata: { name: 'p', namespace: 'ns', uid: 'uid-p', resourceVersion: '5', generation: 1 },
};
const wanted = { metadata: { name: 'child', namespace: 'ns' }, data: { text: 'one' } };
const labelled = (uid: string) => ({
  ...wanted,
  metadata: { ...wanted.metadata, uid: 'uid-c', resourceVersion: '7', labels: { 'keystone.io/owner-uid': uid } },
});

/** Applies one child on an API server that holds the owner and perhaps something under the child's name. */
async function applyOnce(there: object | undefined, options: { readonly watched?: boolean; readonly memory?: ApplyMemory } = {}) {
  const repaired: string[] = [];
  const answer = (request: ApiRequest): unknown => {
    if (request.path.endsWith('/parcels/p')) return { metadata: owner.metadata };
    if (request.method === 'GET' && there === undefined) throw new ApiError(404, 'NotFound', 'not found');
    if (request.method === 'GET') return there;
    if (there !== undefined && versionIn(request) !== undefined) throw new ApiError(409, 'Conflict', 'the object has been modified');
    return labelled('uid-p');
  };
  const transport = scriptedTransport({ answer });
  const informer = createInformer({ transport, clock: fakeClock(), log: silentLogger, resource: ConfigMap });
  const informers: Informers = new Map(options.watched === false ? [] : [[nameOf(ConfigMap), informer]]);
  const writer = createWriter({
    client: createClient(transport, { fieldManager: 'test', userAgent: 'test' }),
    owner,
    gate: createGate(informers),
    memory: options.memory ?? new Map<string, string>(),
    informers,
    meter: { applied: () => undefined, repaired: (kind) => void repaired.push(kind) },
  });
  const failure: unknown = await writer.apply(ConfigMap, wanted).then(
    () => undefined,
    (error: unknown) => error,
  );
  const calls = transport.requests.map((request) => {
    const version = versionIn(request);
    return `${request.method} ${request.path.split('/').at(-1)}${version === undefined ? '' : ` if ${version}`}`;
  });
  return { calls, failure, repaired };
}

function versionIn({ body }: ApiRequest): string | undefined {
  return (body as { metadata?: { resourceVersion?: string } } | undefined)?.metadata?.resourceVersion;
}

describe('a child that the cache does not hold', () => {
  it('is made in one call, after a look at its owner', async () => {
    const { calls, failure } = await applyOnce(undefined);
    expect(failure).to.equal(undefined);
    expect(calls).to.deep.equal(['GET p', 'PATCH child if 1']);
  });

  it('is looked up where something has its name, and brought in line if it is ours', async () => {
    const { calls, failure } = await applyOnce(labelled('uid-p'));
    expect(failure).to.equal(undefined);
    expect(calls).to.deep.equal(['GET p', 'PATCH child if 1', 'GET child', 'PATCH child']);
  });

  it('is left alone where it is a stranger’s', async () => {
    const { calls, failure } = await applyOnce(labelled('uid-of-another'));
    expect(failure).to.include({ reason: 'NameTaken' });
    expect(calls).to.deep.equal(['GET p', 'PATCH child if 1', 'GET child']);
  });

  it('is looked up first where nobody watches: it is there as a rule', async () => {
    const { calls } = await applyOnce(labelled('uid-p'), { watched: false });
    expect(calls).to.deep.equal(['GET p', 'GET child', 'PATCH child']);
  });

  it('counts as repaired where it was made before', async () => {
    const memory: ApplyMemory = new Map();
    expect((await applyOnce(undefined, { memory })).repaired).to.deep.equal([]);
    expect((await applyOnce(undefined, { memory })).repaired).to.deep.equal(['ConfigMap']);
  });
});
