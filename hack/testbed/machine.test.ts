import { expect } from 'chai';
import { lackOf, NODE_DEVICES, type Machine } from './machine.ts';

const GOOD: Machine = {
  devices: new Set(NODE_DEVICES),
  freeMb: new Map([['/var', 50_000]]),
  system: 'linux',
  filesystems: 'nodev\toverlay\n',
};

describe('a machine for realms', () => {
  it('lacks nothing', () => expect(lackOf(GOOD)).to.equal(undefined));

  const cases: readonly { name: string; machine: Partial<Machine>; says: RegExp }[] = [
    { name: 'no device', machine: { devices: new Set(['/dev/kmsg', '/dev/fuse']) }, says: /no \/dev\/net\/tun.*modprobe tun/ },
    { name: 'no room', machine: { freeMb: new Map([['/srv', 12]]) }, says: /\/srv has 12 MB left.*make room/ },
    { name: 'no overlay', machine: { filesystems: 'ext4\nfuseoverlayless\n' }, says: /modprobe overlay/ },
    { name: 'another system', machine: { system: 'darwin' }, says: /need a Linux machine/ },
  ];
  for (const { name, machine, says } of cases)
    it(`with ${name} says so in one sentence, and how to get it`, () => {
      expect(lackOf({ ...GOOD, ...machine }))
        .to.match(says)
        .and.not.include('\n');
    });
});
