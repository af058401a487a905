import type { Clock } from './clock.ts';
import type { Happening } from './events.ts';

/** Decides which events are told: everything that is news, and of what repeats itself only so much. */
export interface EventLimits {
  admits(uid: string, happening: Happening): boolean;
}

/** What was said within this time is no news. client-go's. */
const NEWS_MS = 600_000;
/** So much may be repeated at once, and one more for each further span of time. client-go's: 37 in an hour. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Objects that are remembered; the one that was quiet longest is forgotten first. client-go's. */
const LARGEST = 4096;

interface Memory {
  readonly said: Map<string, number>;
  tokens: number;
  refilledAt: number;
}

/** Limits that have heard nothing yet. */
export function createEventLimits(clock: Clock): EventLimits {
  const memories = new Map<string, Memory>();
  return {
    admits(uid, { type, reason }) {
      const now = clock.now();
      const memory = memories.get(uid) ?? { said: new Map<string, number>(), tokens: BURST, refilledAt: now };
      // A Map keeps the order of insertion: what is used moves to the end.
      memories.delete(uid);
      memories.set(uid, memory);
      if (memories.size > LARGEST) for (const oldest of memories.keys()) if (memories.size > LARGEST) memories.delete(oldest);
      refill(memory, now);
      const what = `${type} ${reason}`;
      const isNews = now - (memory.said.get(what) ?? -Infinity) >= NEWS_MS;
      memory.said.set(what, now);
      if (!isNews && memory.tokens === 0) return false;
      memory.tokens = Math.max(0, memory.tokens - 1);
      return true;
    },
  };
}

function refill(memory: Memory, now: number): void {
  const spans = Math.floor((now - memory.refilledAt) / REFILL_MS);
  memory.tokens = Math.min(BURST, memory.tokens + spans);
  memory.refilledAt = memory.tokens === BURST ? now : memory.refilledAt + spans * REFILL_MS;
}
