import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import type { Conditioned } from '../../controllers/runtime/conditions.ts';
import type { Access } from './api.ts';
import { linesOf } from './watch-pipe.ts';

/** A raw watch: what came, byte for byte, and whether and how it is over. */
export interface Watch {
  readonly status: number;
  readonly text: () => string;
  /** The complete lines that are JSON, parsed. */
  readonly events: () => readonly { readonly type: string; readonly object: Record<string, unknown> }[];
  readonly state: () => 'open' | 'ended' | 'broken';
  readonly close: () => void;
}

/** Opens a watch and returns once its headers are there; it understands nothing, so it shows exactly what a client gets. */
export async function openWatch(to: Pick<Access, 'server'> & Partial<Access>, path: string): Promise<Watch> {
  const { server, ca, cert, key } = to;
  const open = server.startsWith('https:') ? httpsRequest : httpRequest;
  const request = open(`${server}${path}`, { agent: false, ...(ca !== undefined && { ca, cert, key }) }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  let state: 'open' | 'ended' | 'broken' = 'open';
  request.on('error', () => undefined);
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  response.on('error', () => (state = 'broken')).on('end', () => (state = 'ended'));
  return {
    status: response.statusCode ?? 0,
    text: () => text,
    events: () => text.split('\n').slice(0, -1).flatMap(parsed),
    state: () => state,
    close: () => request.destroy(),
  };
}

/** One change of the world. */
export interface WatchEvent {
  readonly type: string;
  readonly object: Conditioned;
}

/** The events of a watch as they come: first what is there, then what changes. Ends or throws when the API server does not go on. */
export async function* watchEvents({ server, ca, cert, key }: Access, path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
  const request = httpsRequest(`${server}${path}?watch=1`, { agent: false, ca, cert, key, signal }).end();
  const [response] = (await once(request, 'response', { signal })) as [IncomingMessage];
  request.on('error', () => undefined);
  for await (const line of linesOf(response)) yield JSON.parse(line) as WatchEvent;
}

function parsed(line: string): ReturnType<Watch['events']> {
  try {
    return [JSON.parse(line) as ReturnType<Watch['events']>[number]];
  } catch {
    return [];
  }
}
