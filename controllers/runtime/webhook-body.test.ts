import { once } from 'node:events';
import { createServer, request as call, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { fakeClock } from '../../test/doubles/clock.ts';
import { eventually } from '../../test/env/eventually.ts';
import { BodyError, createBodyReader, LARGEST_BODY } from './webhook-body.ts';

describe('the reader of bodies', () => {
  let server: Server;
  let begun = 0;
  beforeEach(async () => {
    const read = createBodyReader(fakeClock());
    server = createServer((request, response) => {
      request.on('data', (part: Buffer) => (begun += part.length));
      read(request).then(
        (body) => response.end(String(body.length)),
        (error: unknown) => response.writeHead(error instanceof BodyError ? error.code : 500).end(),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    begun = 0;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Sends a part of a body, and promises the code of the answer. */
  const send = (body: Buffer, of: number): Promise<number | undefined> => {
    const port = (server.address() as AddressInfo).port;
    const sending = call({ host: '127.0.0.1', port, method: 'POST', headers: { 'content-length': of }, agent: false });
    return new Promise((resolve) => {
      sending.on('response', (response) => resolve(response.resume().statusCode)).on('error', () => resolve(undefined));
      sending.write(body);
    });
  };

  it('reads one that is whole although many others are not, and have as much as may be held together', async () => {
    const strangers = Array.from({ length: 8 }, () => send(Buffer.alloc(LARGEST_BODY - 1), LARGEST_BODY));
    await eventually(() => expect(begun).to.equal(8 * (LARGEST_BODY - 1)), { everyMs: 5 });
    const honest = Buffer.alloc(5_000);
    for (let i = 0; i < 3; i++) expect(await send(honest, honest.length)).to.equal(200);
    expect(await Promise.race(strangers), 'the oldest gave way').to.equal(503);
  });
});
