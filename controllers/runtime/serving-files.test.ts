import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fakeClock } from '../../test/doubles/clock.ts';
import { eventually } from '../../test/env/eventually.ts';
import { issueAuthority, issueServer, type Identity } from './certificates.ts';
import { bits, integer, oid, sequence, set, tagged, text, time } from './der.ts';
import { silentLogger } from './log.ts';
import { servingFiles } from './serving-files.ts';

const now = new Date();
const validity = { from: now, until: new Date(now.getTime() + 3_600_000) };
/** A certificate of RSA with 1024 bits, whole in itself and refused by TLS. */
function weak(): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const algorithm = sequence(oid('1.2.840.113549.1.1.11'), Buffer.from([5, 0]));
  const name = sequence(set(sequence(oid('2.5.4.3'), text('hook.ns.svc'))));
  const times = sequence(time(validity.from), time(validity.until));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = sequence(tagged(0, integer(Buffer.from([2]))), integer(Buffer.from([1])), algorithm, name, times, name, spki);
  const der = sequence(body, algorithm, bits(sign('sha256', body, privateKey)));
  const cert = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
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
    write(weak());
    await look();
    await look();
    expect(files.current, 'who shows what TLS refuses dies of it').to.deep.equal(first);
    write({ cert: second.cert });
    write({ key: second.key });
    await eventually(async () => (await look(), expect(shown).to.deep.equal([first.cert, second.cert])));
    stop.abort();
    await running;
    expect(said.join('\n'))
      .to.include('ENOENT')
      .and.include('no certificate and its key')
      .and.include('its key is too short')
      .and.not.include('half a file');
    expect(said.join('\n')).not.to.match(/PRIVATE KEY|BEGIN/);
  });
});
