import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fakeClock } from '../../test/doubles/clock.ts';
import { eventually } from '../../test/env/eventually.ts';
import { issueAuthority, issueServer } from './certificates.ts';
import { silentLogger } from './log.ts';
import { servingFiles } from './serving-files.ts';

const now = new Date();
const validity = { from: now, until: new Date(now.getTime() + 3_600_000) };
const identity = () => issueServer({ name: 'ca', ...issueAuthority('ca', validity) }, ['hook.ns.svc'], validity);

describe('a certificate in files', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'keystone-files-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = ({ cert, key }: { cert?: string; key?: string }) => {
    if (cert !== undefined) writeFileSync(join(folder, 'tls.crt'), cert);
    if (key !== undefined) writeFileSync(join(folder, 'tls.key'), key);
  };

  it('is shown when it is there, replaced within ten seconds, and kept while its successor is not whole; and no key is ever logged', async () => {
    const clock = fakeClock();
    const stop = new AbortController();
    const said: string[] = [];
    const note = (message: string, fields?: object) => said.push(`${message} ${JSON.stringify(fields)}`);
    const files = servingFiles({ folder, clock, log: { ...silentLogger, info: note, warn: note } });
    const shown: string[] = [];
    files.onChange(({ cert }) => shown.push(cert));
    const running = files.run(stop.signal);
    // It has looked when it sleeps again; reading takes its real time.
    const asleep = () => eventually(() => expect(clock.pendingTimers).to.equal(1), { everyMs: 1 });
    const look = async () => {
      await asleep();
      await clock.advance(10_000);
      await asleep();
    };

    await look();
    expect(files.current).to.equal(undefined);
    const [first, second] = [identity(), identity()];
    write(first);
    await eventually(async () => (await look(), expect(shown).to.deep.equal([first.cert])));
    write({ cert: second.cert });
    await look();
    await look();
    write({ key: 'half a file' });
    await look();
    await look();
    expect(files.current).to.deep.equal(first);
    write({ key: second.key });
    await eventually(async () => (await look(), expect(shown).to.deep.equal([first.cert, second.cert])));
    stop.abort();
    await running;
    expect(said.join('\n')).to.include('ENOENT').and.include('no certificate and its key').and.not.include('half a file');
    expect(said.join('\n')).not.to.match(/PRIVATE KEY|BEGIN/);
  });
});
