import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { fakeClock } from '../../test/doubles/clock.ts';
import { issueAuthority, issueServer } from './certificates.ts';
import { callSelf, createWatchdog } from './serving-check.ts';

const validity = { from: new Date(Date.now() - 1000), until: new Date(Date.now() + 3_600_000) };
const authority = { name: 'ca', ...issueAuthority('ca', validity) };
const HOST = 'hook.ns.svc';

describe('a call to oneself', () => {
  const cases: { name: string; ca?: string; servername?: string; answer?: (body: string) => string; want: RegExp | undefined }[] = [
    { name: 'is heard where the uid comes back', answer: (body) => body, want: undefined },
    { name: 'is not where something else does', answer: () => '{}', want: /answered 200/ },
    { name: 'is not under another name', servername: 'other.ns.svc', want: /altnames/ },
    { name: 'is not by whom nobody trusts', ca: issueAuthority('ca', validity).cert, want: /verify/ },
  ];
  for (const { name, ca = authority.cert, servername = HOST, answer = (body: string) => body, want } of cases) {
    it(name, async () => {
      const server = createServer(issueServer(authority, [HOST], validity), (request, response) => {
        let body = '';
        request.on('data', (part: Buffer) => (body += part.toString())).on('end', () => response.end(answer(body)));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const fault = await callSelf({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, servername, ca, path: '/' });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (want === undefined) expect(fault).to.equal(undefined);
      else expect(fault).to.match(want);
    });
  }
});

describe('a call to oneself that is cut off in the middle of its answer', () => {
  it('is not heard, and ends', async () => {
    const server = createServer(issueServer(authority, [HOST], validity), (request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('{', () => request.socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await callSelf({ host: '127.0.0.1', port, servername: HOST, ca: authority.cert, path: '/' })).to.match(/cut off/);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('a watchdog', () => {
  it('tells what it saw last, looks every five seconds and when it is poked, and survives what it sees', async () => {
    const clock = fakeClock();
    const stop = new AbortController();
    let sights: (() => string | undefined)[] = [];
    let looks = 0;
    const look = () => Promise.resolve().then(() => ((looks += 1), sights.shift()?.()));
    const watchdog = createWatchdog({ clock, look });
    expect(watchdog.fault()).to.equal('not tried yet');
    sights = [
      () => {
        throw new Error('no authority at all');
      },
    ];
    const running = watchdog.run(stop.signal);
    await clock.advance(0);
    expect(watchdog.fault()).to.equal('no authority at all');
    await clock.advance(5_000);
    expect([watchdog.fault(), looks]).to.deep.equal([undefined, 2]);
    sights = [() => 'bad'];
    watchdog.poke();
    await clock.advance(0);
    expect([watchdog.fault(), looks]).to.deep.equal(['bad', 3]);
    stop.abort();
    await clock.advance(0);
    await running;
  });
});
