import { expect } from 'chai';
import type { PersistentVolume } from '../../api/meta/builtin.ts';
import { retainedVolumes } from './retained.ts';

const volume = (name: string, labels: Record<string, string> = {}, until = '2030-01-01T00:00:00Z'): PersistentVolume => ({
  metadata: { name, uid: name, resourceVersion: '1', labels, annotations: { 'keystone.io/retained-until': until } },
});

describe('the volumes that were kept', () => {
  it('are those that are marked, those first that end first, and at most as many as the schema allows', () => {
    const kept = Array.from({ length: 300 }, (_, i) =>
      volume(`v${String(i).padStart(3, '0')}`, { 'keystone.io/retained-from': 'uid' }),
    ).toReversed();
    const soon = volume('z', { 'keystone.io/retained-from': 'uid' }, '2029-01-01T00:00:00Z');
    const listed = retainedVolumes([volume('other'), ...kept, soon]);
    expect(listed).to.have.length(256);
    expect(listed[0]?.volume).to.equal('z');
    expect(listed[1]).to.deep.equal({ volume: 'v000', grantUID: 'uid', until: '2030-01-01T00:00:00Z' });
  });
});
