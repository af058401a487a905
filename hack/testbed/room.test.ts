import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { lackOfRoom, PACKAGES_OF_REALMS, room, type Room, roomsOfBuild } from './room.ts';

const at = (folder: string, freeMb: number, neededMb: number): Room => ({ folder, freeMb, neededMb, user: 'somebody needs' });

describe('the room that a testbed takes', () => {
  it('is there, or the first folder that lacks it is named in one sentence', () => {
    expect(lackOfRoom([])).to.equal(undefined);
    expect(lackOfRoom([at('/var', 4_000, 4_000)])).to.equal(undefined);
    expect(lackOfRoom([at('/var', 5_000, 4_000), at('/go', 5_000, 8_000), at('/tmp', 1, 2)])).to.equal(
      '/go has 5000 MB left, and somebody needs 8000: make room, or move it to a larger disk.',
    );
  });

  it('is looked up where a folder will be that is not there yet', () => {
    const { freeMb } = room(join(tmpdir(), 'not/there/yet'), 1, 'nobody needs');
    expect(freeMb).to.be.a('number').and.be.greaterThan(0);
  });

  it('is as much as what is to be built', () => {
    const neededMb = (packages: number): readonly number[] => roomsOfBuild(packages).map(({ neededMb }) => neededMb);
    expect(neededMb(PACKAGES_OF_REALMS).at(-1)).to.equal(3_000);
    expect(neededMb(PACKAGES_OF_REALMS / 4).at(-1)).to.equal(750);
    for (const megabytes of neededMb(PACKAGES_OF_REALMS / 4).slice(0, -1)) expect(megabytes).to.equal(2_000);
  });
});
