import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect } from 'chai';
import { issueAuthority, issueServer, type Identity, type Validity } from './certificates.ts';

const DAY = 86_400_000;
const now = new Date();
const validity: Validity = { from: new Date(now.getTime() - DAY), until: new Date(now.getTime() + DAY) };
const NAME = 'keystone-webhook';

/** What a client says of a server that shows this. */
async function handshake(server: Identity, ca: string, host: string): Promise<string> {
  const listening = createServer({ ...server }).listen(0, '127.0.0.1');
  // What a refused client leaves behind.
  listening.on('tlsClientError', (_, socket) => socket.destroy());
  listening.on('secureConnection', (socket) => socket.on('error', () => undefined).end());
  await once(listening, 'listening');
  const socket = connect({ port: (listening.address() as AddressInfo).port, host: '127.0.0.1', servername: host, ca: [ca] });
  const said = await new Promise<string>((resolve) => {
    socket.once('secureConnect', () => resolve('trusted'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  socket.destroy();
  listening.close();
  return said;
}

describe('certificates of our own', () => {
  const authority = { name: NAME, ...issueAuthority(NAME, validity) };
  const server = issueServer(authority, ['hook.ns.svc', 'hook.ns.svc.cluster.local'], validity);
  const other = { name: NAME, ...issueAuthority(NAME, validity) };

  it('say who they are, for whom and until when', () => {
    const ca = new X509Certificate(authority.cert);
    const leaf = new X509Certificate(server.cert);
    expect(ca).to.include({ subject: `CN=${NAME}`, issuer: `CN=${NAME}`, ca: true });
    expect(leaf).to.include({ subject: 'CN=hook.ns.svc', issuer: `CN=${NAME}`, ca: false });
    expect(leaf.subjectAltName).to.equal('DNS:hook.ns.svc, DNS:hook.ns.svc.cluster.local');
    expect(leaf.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.validToDate.getTime()).to.equal(Math.floor(validity.until.getTime() / 1000) * 1000);
    expect(leaf.checkIssued(ca)).to.equal(true);
    expect(leaf.verify(ca.publicKey)).to.equal(true);
    expect(leaf.verify(new X509Certificate(other.cert).publicKey), 'the name is not enough').to.equal(false);
    expect(leaf.serialNumber).not.to.equal(new X509Certificate(issueServer(authority, ['hook.ns.svc'], validity).cert).serialNumber);
  });

  const late = { from: new Date(now.getTime() + DAY / 2), until: validity.until };
  const cases: { name: string; server: Identity; ca: string; host: string; want: string }[] = [
    { name: 'trusts the server that the authority signed', server, ca: authority.cert, host: 'hook.ns.svc', want: 'trusted' },
    { name: 'knows it by each of its names', server, ca: authority.cert, host: 'hook.ns.svc.cluster.local', want: 'trusted' },
    {
      name: 'trusts two authorities while one follows the other',
      server,
      ca: other.cert + authority.cert,
      host: 'hook.ns.svc',
      want: 'trusted',
    },
    { name: 'refuses another name', server, ca: authority.cert, host: 'hook.other.svc', want: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    {
      name: 'refuses another authority of the same name',
      server,
      ca: other.cert,
      host: 'hook.ns.svc',
      want: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    },
    {
      name: 'refuses one that is not valid yet',
      server: issueServer(authority, ['hook.ns.svc'], late),
      ca: authority.cert,
      host: 'hook.ns.svc',
      want: 'CERT_NOT_YET_VALID',
    },
  ];
  for (const { name, server: shown, ca, host, want } of cases)
    it(`a client ${name}`, async () => expect(await handshake(shown, ca, host)).to.equal(want));

  it('hold beyond the year in which the form of a date changes', () => {
    const far = issueAuthority(NAME, { from: now, until: new Date('2061-02-03T04:05:06Z') });
    expect(new X509Certificate(far.cert).validToDate.toISOString()).to.equal('2061-02-03T04:05:06.000Z');
  });

  it('are never the same number twice, nor a negative one', () => {
    for (let i = 0; i < 50; i++) {
      const { serialNumber } = new X509Certificate(issueServer(authority, ['a'], validity).cert);
      expect(serialNumber).to.match(/^[0-7][0-9A-F]{31}$/);
    }
  });
});
