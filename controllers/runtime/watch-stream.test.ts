import { expect } from 'chai';
import * as fc from 'fast-check';
import { ApiError } from './errors.ts';
import { watchEvents, type WatchEvent } from './watch-stream.ts';

async function* chunks(parts: readonly (Buffer | string)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}

async function collect(parts: readonly (Buffer | string)[]): Promise<readonly WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const batch of watchEvents(chunks(parts))) events.push(...batch);
  return events;
}

const line = (name: string): string => `${JSON.stringify({ type: 'ADDED', object: { metadata: { name, resourceVersion: '1' } } })}\n`;

describe('a watch stream', () => {
  it('gives the same events however the bytes are cut, multi-byte characters included', async () => {
    const names = ['a', 'ü', '😀', 'x'.repeat(5000)];
    const bytes = Buffer.from(names.map(line).join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 }), async (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const parts = edges.slice(1).map((end, i) => bytes.subarray(edges[i], end));
        const events = await collect(parts);
        expect(events.map((event) => ('object' in event ? event.object.metadata.name : event.type))).to.deep.equal(names);
      }),
    );
  });

  it('reads an object of 2 MB', async () => {
    expect(await collect([line('y'.repeat(2 * 1024 * 1024))])).to.have.length(1);
  });

  const garbled = [
    { name: 'no JSON', given: 'HTTP/1.1 502 Bad Gateway\n' },
    { name: 'JSON that is no event', given: '{"kind":"Status"}\n' },
    { name: 'an unknown type', given: '{"type":"MOVED","object":{"metadata":{"resourceVersion":"1"}}}\n' },
    { name: 'an object without metadata', given: '{"type":"ADDED","object":{}}\n' },
    { name: 'null', given: 'null\n' },
    { name: 'a number', given: '7\n' },
    { name: 'invalid UTF-8 inside JSON syntax', given: Buffer.from([0xff, 0xfe, 0x0a]) },
  ];
  for (const { name, given } of garbled) {
    it(`ends with an error at ${name}`, async () => {
      const error = await collect([line('before'), given]).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(ApiError).with.property('reason', 'GarbledWatch');
    });
  }

  it('passes an ERROR event on as what the API server meant', async () => {
    const [event] = await collect(['{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n']);
    expect(event).to.have.nested.property('error.code', 410);
  });

  it('does not hold an endless line', async () => {
    const endless = Array.from({ length: 20 }, () => 'z'.repeat(1024 * 1024));
    expect(await collect(endless).catch((thrown: unknown) => thrown)).to.have.property('reason', 'LineTooLong');
  });
});
