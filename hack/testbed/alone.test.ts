import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { THIS_PROCESS } from '../../test/env/container.ts';
import { alone } from './alone.ts';
import { SetupError } from './steps.ts';

describe('what only one may do at a time', () => {
  let folder = '';
  let lock = '';
  let done = 0;
  const work = (): Promise<void> => Promise.resolve(void (done += 1));
  const refusal = async (): Promise<string> => {
    const error = await alone(lock, work).catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(SetupError);
    return error instanceof Error ? error.message : '';
  };
  const gone = spawnSync(process.execPath, ['--version']).pid;
  const asProcess = (pid: number): string => THIS_PROCESS.replace(/\d+$/, String(pid));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'alone-'));
    lock = join(folder, 'cache', 'lock');
    done = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is done, and can be done again', async () => {
    await alone(lock, work);
    await alone(lock, work);
    expect(done).to.equal(2);
    expect(readdirSync(join(folder, 'cache'))).to.deep.equal([]);
  });

  it('is refused meanwhile, with the words who is at it and what to do', async () => {
    await alone(lock, async () => {
      expect(await refusal()).to.match(new RegExp(`^Process ${process.pid} is at it.*remove ${lock}`));
      expect(existsSync(lock)).to.equal(true);
    });
    expect(done).to.equal(0);
  });

  it('waits for nobody who was killed', async () => {
    await alone(lock, work);
    writeFileSync(lock, asProcess(gone));
    await alone(lock, work);
    expect(done).to.equal(2);
    expect(readdirSync(join(folder, 'cache'))).to.deep.equal([]);
  });

  it('waits for nobody whose number somebody else got when the machine started again', async () => {
    await alone(lock, work);
    writeFileSync(lock, THIS_PROCESS.replace(/[0-9a-f-]{36}/, '00000000-0000-0000-0000-000000000000'));
    await alone(lock, work);
    expect(done).to.equal(2);
  });

  it('says so where nothing can be written', async () => {
    writeFileSync(join(folder, 'cache'), 'a file where the folder should be');
    expect(await refusal())
      .to.match(/can't be written to.*run this as that user/)
      .and.not.include('\n');
  });
});
