import type { Review } from '../../api/meta/webhook.ts';
import { MalformedError, parseWeighed, weigh } from './webhook-json.ts';
import type { Judge } from './webhook-judge.ts';
import { answerTo, reviewIn } from './webhook-review.ts';

/** What is said over HTTP: a review, or a sentence. */
export interface Answer {
  readonly code: number;
  readonly body: string | object;
}

/** What reviews that are being judged may take of the heap together: one of the largest, and all else of the process beside it. */
const LARGEST_TOGETHER = 150_000_000;
/** A part that only small ones get: however many large ones wait, an ordinary review, of less than 2,000 values, finds room. */
const KEPT_FOR_SMALL = 30_000_000;
const SMALL = 1_000_000;

/** What they take now. There is one heap, whatever asks for it. */
let held = 0;

/** The answer to the bytes of a body, whatever they are. */
export async function answerBody(bytes: Buffer, judge: Judge, withinMs: number): Promise<Answer> {
  let review: Review;
  let weight: number;
  try {
    weight = weigh(bytes);
    if (held + weight > LARGEST_TOGETHER - (weight > SMALL ? KEPT_FOR_SMALL : 0)) return { code: 503, body: 'Too many reviews at once' };
    review = reviewIn(parseWeighed(bytes));
  } catch (error) {
    if (error instanceof MalformedError) return { code: 400, body: error.message };
    throw error;
  }
  // Not awaited here: whoever waits holds all that was handed to him, and the bytes have served.
  return answerReview(review, weight, judge, withinMs);
}

async function answerReview(review: Review, weight: number, judge: Judge, withinMs: number): Promise<Answer> {
  held += weight;
  const { verdict, over } = judge(review, withinMs);
  void over.then(() => (held -= weight));
  return { code: 200, body: answerTo(review, await verdict) };
}
