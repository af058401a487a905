import { expect } from 'chai';
import type { PersistentVolume } from '../../api/meta/builtin.ts';
import { retainedVolumes } from './retained.ts';

const volume = (name: string, labels: Record<string, string> = {}): PersistentVolume => ({
  metadata: { name, uid: name, resourceVersion: '1', labels, annotations: { 'keystone.io/retained-until': '2030-01-01T00:00:00Z' } },
});

describe('the volumes that were kept', () => {
  it('are those that are marked, sorted, and at most as many as the schema allows', () => {
    const kept = Array.from({ length: 300 }, (_, i) =>
      volume(`v${String(i).padStart(3, '0')}`, { 'keystone.io/retained-from': 'uid' }),
    ).toReversed();
    const listed = retainedVolumes([volume('other'), ...kept]);
    expect(listed).to.have.length(256);
    expect(listed[0]).to.deep.equal({ volume: 'v000', grantUID: 'uid', until: '2030-01-01T00:00:00Z' });
  });
});
