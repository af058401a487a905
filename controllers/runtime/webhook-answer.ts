import { MalformedError, parseStrange } from './webhook-json.ts';
import type { Judge } from './webhook-judge.ts';
import { answerTo, reviewIn } from './webhook-review.ts';

/** What is said over HTTP: a review, or a sentence. */
export interface Answer {
  readonly code: number;
  readonly body: string | object;
}

/** The answer to the bytes of a body, whatever they are. */
export async function answerBody(bytes: Buffer, judge: Judge, withinMs: number): Promise<Answer> {
  try {
    const review = reviewIn(parseStrange(bytes));
    return { code: 200, body: answerTo(review, await judge(review, withinMs)) };
  } catch (error) {
    if (error instanceof MalformedError) return { code: 400, body: error.message };
    throw error;
  }
}
