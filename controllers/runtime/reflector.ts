import type { K8sObject } from '../../api/meta/object.ts';
import { backoffMs, jittered } from './backoff.ts';
import { sleep, type Clock } from './clock.ts';
import { ApiError, describe } from './errors.ts';
import { listPages } from './list.ts';
import type { Logger } from './log.ts';
import { keyOf } from './resource.ts';
import type { ApiRequest, Transport } from './transport.ts';
import type { ObjectEvent, WatchEvent } from './watch-stream.ts';

/** Where the reflector puts what it learns. */
export interface Mirror {
  /** The whole collection as of one version. Nothing else is told until it is in place. */
  replace(objects: readonly K8sObject[], resourceVersion: string): Promise<void>;
  apply(event: ObjectEvent): void;
  /** Nothing older than this version is still to come. */
  advance(resourceVersion: string): void;
}

/** One collection: its path and what narrows it. */
export type Collection = Pick<ApiRequest, 'path' | 'query' | 'accept' | 'userAgent'> & {
  /** The form of a list, where it is not that of the objects. */
  readonly acceptList?: string;
};

/** What a reflector copies, from where and into what. */
export interface ReflectorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly collection: Collection;
  /** Applied to each object before it is kept. */
  readonly trim: (object: K8sObject) => K8sObject;
  readonly mirror: Mirror;
  readonly random?: () => number;
  /** Hears why each watch ended; `Ended` is an end that was due. */
  readonly onRestart?: ((reason: string) => void) | undefined;
}

/** client-go's: quick enough for a blip, slow enough for an API server that is starting. */
const BACKOFF = { firstMs: 800, longestMs: 30_000 };
/** A watch that lived this long was healthy: its end is not one failure more. A quarter of client-go's, so that troubles that have nothing to do with each other do not add up. */
const HEALTHY_MS = 30_000;
/** A watch that ends sooner was refused in disguise. client-go's. */
const SHORTEST_MS = 1000;
/** The API server ends a watch after 5 to 10 minutes, spread so that not all come back together. client-go's. */
const WATCH_SECONDS = 300;
/** Bookmarks come every minute or, of a quiet collection, every other (120 s measured): beyond that, the connection is dead. */
const IDLE_MS = 180_000;
/** Rarely, list again even though all seems well: heals what a lying network swallowed. Jittered to 4 to 8 hours. */
const RELIST_MS = 4 * 3_600_000;

/** Keeps a mirror equal to one collection of the API server until the signal aborts. Never throws: every failure is tried again. */
export const reflect = (options: ReflectorOptions, signal: AbortSignal): Promise<void> => new Reflector(options, signal).run();

/**
 * The versions we hold are no use to this API server: too old for it, or from before its etcd was restored. Of the latter a watch
 * does not tell: it is taken, and nothing comes of it, not even a sign of life, until the versions have caught up (tried on 1.35).
 */
const START_OVER = new Set(['Expired', 'ResourceVersionTooLarge', 'WatchMute']);

/** All there is, as of one version. */
type Whole = { readonly objects: readonly K8sObject[]; readonly resourceVersion: string };

type NewsEvent = Exclude<WatchEvent, { readonly type: 'ERROR' }>;

class Reflector {
  readonly #options: ReflectorOptions;
  readonly #signal: AbortSignal;
  readonly #say: (trouble: ApiError | undefined) => void;
  /** Where to go on watching; empty means that the collection must be read anew. */
  #version = '';
  #relistAt = 0;
  /** Whether the API server can send the collection as a stream of events; else it is listed by pages. */
  #streams = true;

  constructor(options: ReflectorOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#say = troubleLog(options);
  }

  async run(): Promise<void> {
    const { clock, random } = this.#options;
    let failures = 0;
    while (!this.#signal.aborted) {
      const started = clock.now();
      const trouble = await this.#followOnce();
      if (this.#signal.aborted) return;
      this.#report(trouble);
      if (trouble === undefined || clock.now() - started >= HEALTHY_MS) failures = 0;
      if (trouble === undefined) continue;
      failures += 1;
      await sleep(clock, Math.max(backoffMs(failures, BACKOFF, random), trouble.retryAfterMs ?? 0), this.#signal);
    }
  }

  #report(trouble: ApiError | undefined): void {
    this.#options.onRestart?.(trouble?.reason ?? 'Ended');
    if (trouble !== undefined) this.#say(trouble);
  }

  /** Brings the mirror up to date and follows one watch to its end; tells what went wrong, if anything did. */
  async #followOnce(): Promise<ApiError | undefined> {
    const { clock } = this.#options;
    const started = clock.now();
    const due = this.#version === '' || started >= this.#relistAt;
    try {
      await (due ? this.#readAnew() : this.#follow({ resourceVersion: this.#version }));
      return clock.now() - started < SHORTEST_MS ? new ApiError(0, 'ShortWatch', 'The watch ended as soon as it began') : undefined;
    } catch (error) {
      const trouble = ApiError.from(error);
      if (trouble.code === 410 || START_OVER.has(trouble.reason)) this.#version = '';
      return trouble;
    }
  }

  /** Reads the whole collection, as a stream where the API server has that, and goes on watching. */
  async #readAnew(): Promise<void> {
    if (this.#streams) {
      try {
        return await this.#followFromStart();
      } catch (error) {
        // 400 or 422: this API server does not know, or was told not to serve, a collection as a stream.
        if (!(error instanceof ApiError && (error.code === 400 || error.code === 422))) throw error;
        this.#streams = false;
      }
    }
    const { transport, collection, trim } = this.#options;
    await this.#replace(await listPages(transport, collection, trim, this.#signal));
    await this.#follow({ resourceVersion: this.#version });
  }

  /** Has the whole collection sent as events, puts it in place once it is whole, and goes on with the same watch. */
  async #followFromStart(): Promise<void> {
    // The old content stays until then: what vanished in between shows as the difference.
    let initial: Map<string, K8sObject> | undefined = new Map<string, K8sObject>();
    const collect = async (event: NewsEvent): Promise<boolean> => {
      if (initial === undefined) return false;
      // The API server may begin with an older collection, and tell what became of it before it says that this is all.
      if (event.type === 'DELETED') initial.delete(keyOf(event.object));
      else if (event.type !== 'BOOKMARK') initial.set(keyOf(event.object), this.#options.trim(event.object));
      else if (event.endsInitialEvents) {
        const objects = [...initial.values()];
        initial = undefined;
        await this.#replace({ objects, resourceVersion: event.resourceVersion });
      }
      return true;
    };
    await this.#follow({ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }, collect);
    if (initial !== undefined) throw new ApiError(0, 'ListCutShort', 'The watch ended before the whole collection was sent');
  }

  /** Follows one watch to its end. What `intercept` takes does not reach the mirror. */
  async #follow(from: ApiRequest['query'], intercept?: (event: NewsEvent) => Promise<boolean>): Promise<void> {
    // A stop may have come while a list was put in place: nobody would tell a watch that begins after it.
    if (this.#signal.aborted) return;
    const { mirror, trim } = this.#options;
    for await (const event of this.#eventsUnlessIdle(from)) {
      if (event.type === 'ERROR') throw event.error;
      if (await intercept?.(event)) continue;
      if (event.type === 'BOOKMARK') mirror.advance(event.resourceVersion);
      else mirror.apply({ type: event.type, object: trim(event.object) });
      this.#version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
    }
  }

  async #replace({ objects, resourceVersion }: Whole): Promise<void> {
    await this.#options.mirror.replace(objects, resourceVersion);
    this.#version = resourceVersion;
    this.#relistAt = this.#options.clock.now() + jittered(RELIST_MS, this.#options.random);
  }

  /** A watch that is given up when no byte arrives for too long: a half-open connection looks like a quiet one. */
  async *#eventsUnlessIdle(from: ApiRequest['query']): AsyncGenerator<WatchEvent> {
    const { clock, collection, transport, random } = this.#options;
    const timeoutSeconds = Math.round(jittered(WATCH_SECONDS, random));
    const query = { ...collection.query, ...from, watch: true, allowWatchBookmarks: true, timeoutSeconds };
    const giveUp = new AbortController();
    const stop = () => giveUp.abort();
    this.#signal.addEventListener('abort', stop, { once: true });
    let idle = false;
    let spoke = false;
    const arm = () =>
      clock.timer(IDLE_MS, () => {
        idle = true;
        giveUp.abort();
      });
    let watchdog = arm();
    try {
      for await (const batch of transport.watch({ ...collection, method: 'GET', query }, giveUp.signal)) {
        watchdog[Symbol.dispose]();
        if (batch.length > 0) this.#say(undefined);
        spoke ||= batch.length > 0;
        yield* batch;
        watchdog = arm();
      }
    } catch (error) {
      throw idle ? new ApiError(0, spoke ? 'WatchIdle' : 'WatchMute', `Nothing arrived for ${IDLE_MS / 1000} s`) : error;
    } finally {
      watchdog[Symbol.dispose]();
      this.#signal.removeEventListener('abort', stop);
      giveUp.abort();
    }
  }
}

/** Says each kind of trouble once, not once per attempt, and once that it is over. */
function troubleLog({ log, collection: { path } }: ReflectorOptions): (trouble: ApiError | undefined) => void {
  let said = '';
  return (trouble) => {
    const reason = trouble?.reason ?? '';
    if (trouble === undefined && said !== '') log.info('Watching again', { path });
    // The server ages out old versions all the time: reading anew is routine.
    if (trouble !== undefined && reason !== said && trouble.code !== 410)
      log.warn(adviceOn(trouble), { path, reason, cause: describe(trouble) });
    said = reason;
  };
}

function adviceOn(trouble: ApiError): string {
  switch (trouble.code) {
    case 0:
      return 'No answer from the API server, trying again';
    case 401:
    case 403:
      return 'Not allowed to watch, trying again: check the credentials and config/rbac';
    case 404:
      return 'The API server does not serve this resource, trying again: install the CRDs with "make install"';
    default:
      return 'Lost the watch, trying again';
  }
}
