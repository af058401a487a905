import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ambush, SeenRequest } from './ambush.ts';

/** A watch that passes through the fault proxy right now. */
export interface OpenWatch {
  readonly seen: SeenRequest;
  readonly response: ServerResponse;
}

/** Resolves when nothing holds the answer to this request any more. */
export type Gate = () => Promise<void>;

/** Passes a watch on, line by line, with the faults that lie in wait for it; ends or breaks off as the API server does. */
export async function pipeWatch(upstream: IncomingMessage, { seen, response }: OpenWatch, ambush: Ambush, gate: Gate): Promise<void> {
  // A watch that ends on our side must not go on upstream.
  response.on('close', () => upstream.destroy());
  try {
    for await (const line of linesOf(upstream)) {
      await gate();
      if (response.destroyed) return;
      const fault = line.endsWith('\n') ? ambush.onEvent(seen, line) : undefined;
      if (fault?.kind === 'swallow') continue;
      if (fault?.kind === 'cut') return breakOff(response, Buffer.from(line).subarray(0, fault.afterBytes));
      if (!response.write(line)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
  } catch {
    // The API server broke off; so do we.
    response.destroy();
  }
  await gate();
  response.end();
}

/** The bytes must have left before the connection breaks, or the client would see a cut between two events. */
function breakOff(response: ServerResponse, bytes: Uint8Array): void {
  response.write(bytes, () => response.socket?.destroy());
}

/** Lines with their line feed; the last one may lack it. */
export async function* linesOf(stream: IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      yield `${parts.join('')}${piece}\n`;
      parts = [];
    }
    if (rest !== '') parts.push(rest);
  }
  if (parts.length > 0) yield parts.join('');
}
