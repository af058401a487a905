import type { Clock } from './clock.ts';
import { createHeap } from './heap.ts';

/** What a live change deserves. */
export const NORMAL_PRIORITY = 0;
/** What was found while reading everything, at start or after a gap: a user's edit goes first. controller-runtime's. */
export const LOW_PRIORITY = -100;

/** A key that is handed out, with the priority that it had. */
export interface Work {
  readonly key: string;
  readonly priority: number;
}

/**
 * Keys that wait for work. A key is in it once, whatever is added: with the highest priority and the earliest time asked for.
 * A key that is being worked on is never handed out again before `done`; what was added meanwhile then counts as new.
 */
export interface WorkQueue {
  add(key: string, options?: { readonly afterMs?: number; readonly priority?: number }): void;
  /** Forgets a key that waits; one that is being worked on is not added anew. */
  drop(key: string): void;
  /** The next key: highest priority first, then first come. Waits for one; undefined means that the queue is closed. */
  next(): Promise<Work | undefined>;
  done(key: string): void;
  /** Takes no more and hands out no more: waiting callers of `next` get undefined. */
  close(): void;
  /** Keys that could be handed out now. */
  readonly depth: number;
  /** Keys that are being worked on. */
  readonly active: number;
  /** The same by priority; nothing before somebody has asked for a key: in the queue of one who does not lead, nothing waits for anybody. */
  depths(): ReadonlyMap<number, number>;
  /** How long each key that is being worked on has been, in milliseconds. */
  working(): readonly number[];
  /** Times that are remembered, those that were overtaken included. */
  readonly delayed: number;
}

/** Hears what happens to keys, for metrics; times are in milliseconds. */
export interface QueueObserver {
  /** A key came to wait. */
  added(): void;
  /** A key was told to come back later. */
  delayed(): void;
  /** A key was handed out after such a wait, which does not begin before the first call of `next`. */
  taken(waitedMs: number): void;
  /** A key was finished after such work. */
  finished(workedMs: number): void;
}

const NOBODY: QueueObserver = { added() {}, delayed() {}, taken() {}, finished() {} };

interface Item {
  readonly key: string;
  priority: number;
  readyAt: number;
  /** When it came to wait in line, or behind its own key. */
  waitsSince: number;
  /** Where it is: waiting for its time, in line, or held back because its key is being worked on. */
  place: 'delayed' | 'ready' | 'locked';
}

/** An empty queue. */
export const createWorkQueue = (clock: Clock, observer: QueueObserver = NOBODY): WorkQueue => new PriorityQueue(clock, observer);

class PriorityQueue implements WorkQueue {
  readonly #clock: Clock;
  readonly #observer: QueueObserver;
  readonly #items = new Map<string, Item>();
  /** A line per priority: a Map keeps the order of insertion, which is the order of service. */
  readonly #lines = new Map<number, Map<string, Item>>();
  /** Keys that are being worked on, and since when. */
  readonly #processing = new Map<string, number>();
  readonly #callers: ((work: Work | undefined) => void)[] = [];
  readonly #delayed = createHeap<{ readonly at: number; readonly item: Item }>((a, b) => a.at - b.at);
  #alarm: { readonly at: number; readonly timer: Disposable } | undefined;
  #closed = false;
  /** When somebody asked for a key for the first time. */
  #servesSince: number | undefined;

  constructor(clock: Clock, observer: QueueObserver) {
    this.#clock = clock;
    this.#observer = observer;
  }

  add(key: string, { afterMs = 0, priority = NORMAL_PRIORITY }: { readonly afterMs?: number; readonly priority?: number } = {}): void {
    if (this.#closed) return;
    this.#promote();
    if (afterMs > 0) this.#observer.delayed();
    const readyAt = this.#clock.now() + afterMs;
    const held = this.#items.get(key);
    if (held === undefined) this.#insert({ key, priority, readyAt, waitsSince: 0, place: 'delayed' });
    else this.#merge(held, priority, readyAt);
    this.#serve();
  }

  drop(key: string): void {
    const held = this.#items.get(key);
    if (held?.place === 'ready') this.#leave(held);
    // What the heap remembers of it is no current entry any more.
    this.#items.delete(key);
  }

  next(): Promise<Work | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    this.#servesSince ??= this.#clock.now();
    this.#promote();
    if (this.#lines.size > 0) return Promise.resolve(this.#take());
    return new Promise((resolve) => this.#callers.push(resolve));
  }

  done(key: string): void {
    const since = this.#processing.get(key);
    if (since !== undefined) this.#observer.finished(this.#clock.now() - since);
    this.#processing.delete(key);
    const held = this.#items.get(key);
    if (held?.place === 'locked') this.#enter(held);
    this.#promote();
    this.#serve();
  }

  close(): void {
    this.#closed = true;
    this.#alarm?.timer[Symbol.dispose]();
    for (const caller of this.#callers.splice(0)) caller(undefined);
  }

  get depth(): number {
    let depth = 0;
    for (const line of this.#lines.values()) depth += line.size;
    return depth;
  }

  depths(): ReadonlyMap<number, number> {
    return new Map(this.#servesSince === undefined ? [] : [...this.#lines].map(([priority, line]) => [priority, line.size]));
  }

  working(): readonly number[] {
    return [...this.#processing.values()].map((since) => this.#clock.now() - since);
  }

  get delayed(): number {
    return this.#delayed.size;
  }

  get active(): number {
    return this.#processing.size;
  }

  #insert(item: Item): void {
    this.#items.set(item.key, item);
    if (item.readyAt > this.#clock.now()) this.#delay(item);
    else this.#enter(item);
  }

  /** Combines a new wish with the one that is there: the higher priority, the earlier time. */
  #merge(item: Item, priority: number, readyAt: number): void {
    if (priority > item.priority) {
      const { place } = item;
      if (place === 'ready') this.#leave(item);
      item.priority = priority;
      if (place === 'ready') this.#enter(item);
    }
    if (item.place !== 'delayed' || readyAt >= item.readyAt) return;
    item.readyAt = readyAt;
    if (readyAt <= this.#clock.now()) this.#enter(item);
    else this.#delay(item);
  }

  #enter(item: Item): void {
    if (item.place === 'delayed') {
      item.waitsSince = this.#clock.now();
      this.#observer.added();
    }
    if (this.#processing.has(item.key)) {
      item.place = 'locked';
      return;
    }
    item.place = 'ready';
    const line = this.#lines.get(item.priority) ?? new Map<string, Item>();
    this.#lines.set(item.priority, line.set(item.key, item));
  }

  #leave(item: Item): void {
    const line = this.#lines.get(item.priority);
    line?.delete(item.key);
    if (line?.size === 0) this.#lines.delete(item.priority);
  }

  #delay(item: Item): void {
    item.place = 'delayed';
    this.#delayed.push({ at: item.readyAt, item });
    // Overtaken entries are left where they are until they outnumber the others.
    if (this.#delayed.size > 2 * this.#items.size + 64) this.#delayed.retain((entry) => this.#isCurrent(entry));
    this.#setAlarm();
  }

  #setAlarm(): void {
    const first = this.#delayed.peek();
    if (first === undefined || (this.#alarm !== undefined && this.#alarm.at <= first.at)) return;
    this.#alarm?.timer[Symbol.dispose]();
    const ring = () => {
      this.#alarm = undefined;
      this.#promote();
      this.#serve();
      this.#setAlarm();
    };
    this.#alarm = { at: first.at, timer: this.#clock.timer(first.at - this.#clock.now(), ring) };
  }

  /** Moves what is due into line. Entries of the heap that were overtaken by an earlier time are left behind: skip them. */
  #promote(): void {
    for (let first = this.#delayed.peek(); first !== undefined && first.at <= this.#clock.now(); first = this.#delayed.peek()) {
      this.#delayed.pop();
      const { item } = first;
      if (this.#isCurrent(first)) this.#enter(item);
    }
  }

  #isCurrent({ at, item }: { readonly at: number; readonly item: Item }): boolean {
    return item.place === 'delayed' && item.readyAt === at && this.#items.get(item.key) === item;
  }

  #serve(): void {
    while (this.#callers.length > 0 && this.#lines.size > 0) this.#callers.shift()?.(this.#take());
  }

  #take(): Work | undefined {
    const priority = Math.max(...this.#lines.keys());
    const [item] = this.#lines.get(priority)?.values() ?? [];
    if (item === undefined) return undefined;
    this.#leave(item);
    this.#items.delete(item.key);
    const now = this.#clock.now();
    this.#processing.set(item.key, now);
    this.#observer.taken(now - Math.max(item.waitsSince, this.#servesSince ?? now));
    return { key: item.key, priority };
  }
}
