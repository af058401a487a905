import type { IncomingMessage } from 'node:http';
import type { Clock } from './clock.ts';

/** Two objects of 3 MB, the largest that an API server passes on (the old and the new one), and 1 MB for all else. */
export const LARGEST_BODY = 7 * 1024 * 1024;
/** What all bodies that are being read may hold together: a slow sender in each connection must not fill the memory. */
const LARGEST_TOGETHER = 8 * LARGEST_BODY;
/** The API server sends a body at once, and nobody waits longer than this for an answer. */
const BODY_MS = 10_000;

const NOTHING = Buffer.alloc(0);

/** Why a body was not read: the HTTP code and a sentence. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly code: 408 | 413 | 503;
  constructor(code: BodyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Reads bodies whole, each if it is not too large and comes in time, and all if they are not too many at once. */
export function createBodyReader(clock: Clock): (request: IncomingMessage) => Promise<Buffer> {
  let held = 0;
  // Those that are not whole yet, the oldest first: what was sent at once is whole before others have sent as much.
  const unfinished = new Set<() => void>();
  return (request) =>
    new Promise((resolve, reject) => {
      // In one piece: a body that comes byte by byte would take hundreds of bytes for each if its parts were kept as they come.
      let body: Buffer = NOTHING;
      let size = 0;
      const end = (settle: () => void): void => {
        timer[Symbol.dispose]();
        unfinished.delete(giveWay);
        held -= body.length;
        request.removeAllListeners('data');
        settle();
        // The listeners below live as long as the request, which is until its answer.
        body = NOTHING;
      };
      const refuse = (code: BodyError['code'], message: string): void => end(() => reject(new BodyError(code, message)));
      const timer = clock.timer(BODY_MS, () => refuse(408, 'The body did not come in time'));
      const giveWay = (): void => refuse(503, 'Too many bodies at once');
      const tooLarge = `The body is larger than ${LARGEST_BODY} bytes`;
      if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) return refuse(413, tooLarge);
      unfinished.add(giveWay);
      request.on('data', (part: Buffer) => {
        if (size + part.length > LARGEST_BODY) return refuse(413, tooLarge);
        const roomier = withRoom(body, size, part.length);
        held += roomier.length - body.length;
        body = roomier;
        size += part.copy(body, size);
        if (held > LARGEST_TOGETHER) unfinished.values().next().value?.();
      });
      request.once('end', () => end(() => resolve(body.subarray(0, size))));
      request.once('error', (error) => end(() => reject(error)));
      // A sender that goes away is no error to Node, and never ends either.
      request.once('close', () => request.complete || refuse(408, 'The sender went away'));
    });
}

/** The same bytes with room for more: as much again, so that what is held is never more than twice what came. */
function withRoom(body: Buffer, size: number, more: number): Buffer {
  if (size + more <= body.length) return body;
  const roomier = Buffer.allocUnsafeSlow(Math.max(size + more, Math.min(2 * size, LARGEST_BODY)));
  body.copy(roomier, 0, 0, size);
  return roomier;
}
