import { Agent, request } from 'undici';
import type { ControlPlane } from '../env/control-plane.ts';

/** What came of requests sent at a steady pace. */
export interface Load {
  /** How many were answered so far. */
  readonly answered: () => number;
  /** What was said that should not have been, and how often. */
  readonly wrong: () => ReadonlyMap<string, number>;
  /** Sends no more, and resolves when all are answered. */
  stop(): Promise<void>;
}

/** Some ticks' worth. */
const MOST_AT_ONCE = 4;
/** As many as wait when answers take four seconds: beyond that, more would only make them take longer. */
const MOST_OPEN = 200;

/** Sends the same request so many times a second, whether or not the last ones were answered, and holds each answer to what it should be. */
export function load(
  { server, ca, cert, key }: ControlPlane,
  path: string,
  options: { readonly perSecond: number; readonly body: object; readonly right: (status: number, body: string) => boolean },
): Load {
  const { perSecond, body, right } = options;
  const dispatcher = new Agent({ allowH2: false, connections: 32, connect: { ca, cert, key } });
  const text = JSON.stringify(body);
  const wrong = new Map<string, number>();
  const open = new Set<Promise<void>>();
  let answered = 0;
  const send = async (): Promise<void> => {
    let said: string;
    try {
      const headers = { 'content-type': 'application/json' };
      const answer = await request(`${server}${path}`, {
        method: 'POST',
        dispatcher,
        headers,
        body: text,
        signal: AbortSignal.timeout(20_000),
      });
      const got = await answer.body.text();
      said = right(answer.statusCode, got) ? '' : `${answer.statusCode} ${got.slice(0, 500)}`;
    } catch (error) {
      said = String(error);
    }
    answered += 1;
    if (said !== '') wrong.set(said, (wrong.get(said) ?? 0) + 1);
  };
  const started = performance.now();
  let sent = 0;
  // What a busy machine missed is caught up with, so that the pace is kept on the whole; a little at a time, or one that is too
  // slow even for that would do nothing else any more.
  const timer = setInterval(() => {
    const due = Math.min(((performance.now() - started) / 1000) * perSecond, sent + MOST_AT_ONCE);
    for (; sent < due && open.size < MOST_OPEN; sent++) {
      const one = send().finally(() => open.delete(one));
      open.add(one);
    }
  }, 1000 / perSecond);
  return {
    answered: () => answered,
    wrong: () => wrong,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      await dispatcher.destroy();
    },
  };
}
