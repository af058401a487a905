import { expect } from 'chai';
import { leftSince } from './traces.ts';

describe('what realms leave on a machine', () => {
  const before = { mounts: ['/', '/proc'], programs: ['containerd-shim 7'] };

  it('is nothing where all is as it was', () => expect(leftSince(before, { ...before })).to.deep.equal([]));

  it('is what was not there before; what is gone is none of it', () => {
    const now = { mounts: ['/', '/run/netns/a'], programs: ['containerd-shim 8'] };
    expect(leftSince(before, now)).to.deep.equal(['mounts: /run/netns/a', 'programs: containerd-shim 8']);
  });
});
