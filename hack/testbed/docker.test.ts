import { expect } from 'chai';
import { lackOfDocker, type NoDocker } from './docker.ts';

const SILENT: NoDocker = { said: 'Cannot connect to the Docker daemon', hasCommand: true, host: undefined, isRoot: false };

describe('a machine without Docker', () => {
  const cases: readonly { name: string; found: Partial<NoDocker>; says: RegExp }[] = [
    { name: 'no daemon', found: {}, says: /^No Docker daemon answers: start it/ },
    {
      name: 'nothing of Docker',
      found: { hasCommand: false, said: 'spawnSync docker ENOENT' },
      says: /^There is no Docker here: install it/,
    },
    {
      name: 'a daemon for others',
      found: { said: 'permission denied while trying to connect' },
      says: /may not use it: join the group docker/,
    },
    {
      name: 'a daemon elsewhere',
      found: { host: 'tcp://there:1', isRoot: true },
      says: /at DOCKER_HOST=tcp:\/\/there:1: start it, or unset/,
    },
    {
      name: 'a daemon elsewhere and no command',
      found: { host: 'tcp://there:1', hasCommand: false },
      says: /no docker command: install it/,
    },
  ];
  for (const { name, found, says } of cases)
    it(`with ${name} says so in one sentence, and how to get it`, () => {
      expect(lackOfDocker({ ...SILENT, ...found }))
        .to.match(says)
        .and.not.include('\n');
    });

  it('is given it where root asks', () => {
    expect(lackOfDocker({ ...SILENT, isRoot: true })).to.equal(undefined);
    expect(lackOfDocker({ ...SILENT, hasCommand: false, isRoot: true })).to.equal(undefined);
  });
});
