import { expect } from 'chai';
import { lackOf, NODE_DEVICES, type Machine } from './machine.ts';
import type { Room } from './room.ts';

const room = (folder: string, freeMb: number, neededMb: number): Room => ({ folder, freeMb, neededMb, user: 'somebody needs' });

const GOOD: Machine = {
  devices: new Set(NODE_DEVICES),
  rooms: [room('/var', 50_000, 4_000), room('/go', 8_000, 8_000)],
  system: 'linux',
  filesystems: 'nodev\toverlay\n',
  filtersBridges: true,
  docker: { host: undefined, context: 'default', security: '[name=seccomp,profile=builtin]' },
};

describe('a machine for realms', () => {
  it('lacks nothing', () => expect(lackOf(GOOD)).to.equal(undefined));
  it('lacks nothing with a socket by name, whatever the context', () =>
    expect(lackOf({ ...GOOD, docker: { ...GOOD.docker, host: 'unix:///run/docker.sock', context: 'x' } })).to.equal(undefined));

  const cases: readonly { name: string; machine: Partial<Machine>; says: RegExp }[] = [
    { name: 'no device', machine: { devices: new Set(['/dev/kmsg', '/dev/fuse']) }, says: /no \/dev\/net\/tun.*modprobe tun/ },
    { name: 'no room', machine: { rooms: [room('/srv', 12, 4_000)] }, says: /\/srv has 12 MB left.*somebody needs 4000: make room/ },
    {
      name: 'no room for a build',
      machine: { rooms: [room('/var', 5_000, 4_000), room('/go', 5_000, 8_000)] },
      says: /\/go has 5000 MB left.*somebody needs 8000: make room/,
    },
    { name: 'no overlay', machine: { filesystems: 'ext4\nfuseoverlayless\n' }, says: /modprobe overlay/ },
    { name: 'bridges past all rules', machine: { filtersBridges: false }, says: /what crosses a bridge.*: run modprobe br_netfilter\.$/ },
    {
      name: 'a Docker elsewhere',
      machine: { docker: { ...GOOD.docker, host: 'tcp://192.0.2.1:2376' } },
      says: /DOCKER_HOST=tcp:.* unset it\.$/,
    },
    {
      name: 'a Docker in another context',
      machine: { docker: { ...GOOD.docker, context: 'desktop' } },
      says: /context desktop.*use default/,
    },
    { name: 'a Docker without root', machine: { docker: { ...GOOD.docker, security: '[name=rootless]' } }, says: /one that root runs/ },
    { name: 'another system', machine: { system: 'darwin' }, says: /need a Linux machine/ },
  ];
  for (const { name, machine, says } of cases)
    it(`with ${name} says so in one sentence, and how to get it`, () => {
      expect(lackOf({ ...GOOD, ...machine }))
        .to.match(says)
        .and.not.include('\n');
    });
});
