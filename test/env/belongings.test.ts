import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { attempt } from '../../hack/testbed/steps.ts';
import { prepareTestbed } from '../../hack/testbed/testbed.ts';
import { FOLDER_LABEL, labelsWith, removeBelongings } from './belongings.ts';

const PATIENT_MS = 60_000;

describe('what belongs to a folder', function () {
  this.timeout(2 * PATIENT_MS);
  const name = `keystone-belongings-${randomUUID().slice(0, 8)}`;
  const stranger = `${name}-stranger`;
  let image = '';
  let folder = '';
  const label = (): readonly string[] => ['--label', `${FOLDER_LABEL}=${folder}`];
  const make = (...args: readonly string[]): void => {
    const { ok, output } = attempt('docker', ...args);
    expect(ok, output).to.equal(true);
  };
  const left = async (): Promise<number> => (await labelsWith(FOLDER_LABEL)).filter((labels) => labels[FOLDER_LABEL] === folder).length;

  before(async function () {
    this.timeout(15 * 60_000);
    ({ image } = await prepareTestbed());
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keystone-belongings-'));
    make('network', 'create', '--internal', ...label(), name);
    make('volume', 'create', ...label(), name);
    make('create', ...label(), '--name', name, '--network', name, '--volume', `${name}:/data`, image);
    // Nobody's in particular, and it holds the volume.
    make('create', '--name', stranger, '--volume', `${name}:/data`, image);
  });
  afterEach(() => {
    for (const container of [stranger, name]) attempt('docker', 'rm', '--force', '--volumes', container);
    attempt('docker', 'volume', 'rm', name);
    attempt('docker', 'network', 'rm', name);
    rmSync(folder, { recursive: true, force: true });
  });

  it('is gone when its removal returns, whoever else is at it', async () => {
    const removals = [1, 2, 3].map(() => removeBelongings(folder, PATIENT_MS));
    // Docker does not give the volume away before its last container is gone.
    setTimeout(() => make('rm', '--volumes', stranger), 1_000);
    await Promise.race(removals);
    expect(await left()).to.equal(0);
    expect(existsSync(folder)).to.equal(false);
    await Promise.all(removals);
  });

  it('is named where it stays, and so stays the folder that leads to it', async () => {
    const failure: unknown = await removeBelongings(folder, 15_000).catch((error: unknown) => error);
    expect(String(failure)).to.include(`still there: volume ${name}`);
    expect(await left()).to.equal(1);
    expect(existsSync(folder)).to.equal(true);
  });
});
