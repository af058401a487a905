import { untilAborted } from './clock.ts';
import type { Logger } from './log.ts';

/** Something that runs as long as the operator does. */
export interface Part {
  readonly name: string;
  /** Runs until the signal aborts; an earlier end is a failure. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves once what comes after it may start. */
  ready?(): Promise<void>;
}

/**
 * Starts the parts one after the other, each once the one before is ready, and stops them in the opposite order:
 * probes answer first and last, caches are full before anything decides on them and outlive all that does.
 * Parts in a list of their own start and stop together. Resolves after a stop that was asked for, by `stopping`; rejects when a part
 * ended by itself, which is a stop as well: whoever looks at that signal knows at once, while the others still finish what they are at.
 */
export async function runInOrder(parts: readonly (Part | readonly Part[])[], log: Logger, stopping: AbortController): Promise<void> {
  const { signal } = stopping;
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  const stopAsked = untilAborted(signal);
  const running: { readonly names: readonly string[]; readonly stop: () => Promise<unknown> }[] = [];
  try {
    for (const part of parts) {
      if (signal.aborted) break;
      const group: readonly Part[] = 'run' in part ? [part] : part;
      const own = new AbortController();
      const ends = group.map((member) =>
        member.run(own.signal).then(
          () => own.signal.aborted || ended.reject(new Error(`${member.name} ended by itself`)),
          (error: unknown) => ended.reject(error),
        ),
      );
      running.unshift({ names: group.map(({ name }) => name), stop: () => (own.abort(), Promise.all(ends)) });
      await Promise.race([Promise.all(group.map(async (member) => member.ready?.())), stopAsked, ended.promise]);
    }
    await Promise.race([stopAsked, ended.promise]);
  } finally {
    stopping.abort();
    for (const { names, stop } of running) {
      log.debug('Stopping', { parts: names });
      await stop();
    }
  }
}
