/** Reads a body that comes one byte at a time, each of which a reader might keep on its own, and prints how many bytes it got. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { systemClock } from '../../controllers/runtime/clock.ts';
import { createBodyReader } from '../../controllers/runtime/webhook-body.ts';

const BYTES = 1_000_000;
const request = Object.assign(new EventEmitter(), { headers: {}, complete: true }) as unknown as IncomingMessage;
const body = createBodyReader(systemClock)(request);
for (let sent = 0; sent < BYTES; sent++) request.emit('data', Buffer.from([sent % 251]));
request.emit('end');
const came = await body;
console.log(came.every((byte, at) => byte === at % 251) ? came.length : 'something else');
