import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../../controllers/runtime/errors.ts';
import { around, type ApiRequest, type Transport } from '../../controllers/runtime/transport.ts';
import { isWrite, type Wrap } from '../env/disturbances.ts';

/** Passes a call on, once. */
export type Pass = () => Promise<unknown>;
/** Stands in the way of a call; what it returns or throws is all that the operator gets to hear. */
export type Meddle = (request: ApiRequest, pass: Pass, inner: Transport) => Promise<unknown>;

/** Meddles with every call. */
export const eachCall =
  (meddle: Meddle): Wrap =>
  (inner) =>
    around(inner, { request: (request, signal) => meddle(request, () => inner.request(request, signal), inner) });

/** Meddles with the nth write, and with nothing else. */
export function nthWrite(nth: number, meddle: Meddle): Wrap {
  let writes = 0;
  return eachCall((request, pass, inner) => {
    if (!isWrite(request)) return pass();
    writes += 1;
    return writes === nth ? meddle(request, pass, inner) : pass();
  });
}

/** The connection broke: whether the call took effect, nobody knows. */
export const noAnswer = (): ApiError => new ApiError(0, 'ECONNRESET', 'The connection broke');

/** The call reaches the API server, and its answer does not come back. */
export async function unheard(pass: Pass): Promise<never> {
  await pass().catch(() => undefined);
  throw noAnswer();
}

/**
 * The process dies at its nth write, which took effect or was refused: of what comes after nothing leaves it. It hears the
 * answer to that write, or it does not.
 */
export function crashAtWrite(nth: number, { hears, died }: { readonly hears: boolean; readonly died: () => void }): Wrap {
  let writes = 0;
  return eachCall(async (request, pass) => {
    if (writes >= nth) throw noAnswer();
    if (!isWrite(request)) return pass();
    writes += 1;
    if (writes < nth) return pass();
    try {
      return await (hears ? pass() : unheard(pass));
    } finally {
      died();
    }
  });
}

/** The API server's answer when it has too much to do. */
export const tooMany = (afterMs: number): ApiError => new ApiError(429, 'TooManyRequests', 'Too many requests', { retryAfterMs: afterMs });

/** What is refused, from which write on, how often in a row, and how. */
export interface Refusal {
  readonly nth: number;
  readonly times: number;
  readonly struck: () => void;
  readonly error: () => ApiError;
}

/** Refuses calls of one sort. */
export function refuseFrom({ nth, times, struck, error, sort }: Refusal & { readonly sort: (request: ApiRequest) => boolean }): Wrap {
  let writes = 0;
  let left = times;
  return eachCall((request, pass) => {
    if (isWrite(request)) writes += 1;
    if (writes < nth || left === 0 || !sort(request)) return pass();
    left -= 1;
    struck();
    return Promise.reject(error());
  });
}

/** How a call fails, in as many ways as there are. */
const FAILURES: readonly ((pass: Pass) => Promise<unknown>)[] = [
  () => Promise.reject(new ApiError(500, 'InternalError', 'Internal error')),
  () => Promise.reject(new ApiError(503, 'ServiceUnavailable', 'Not now', { retryAfterMs: 1000 })),
  () => Promise.reject(new ApiError(504, 'Timeout', 'The server took too long')),
  (pass) => pass().then(() => Promise.reject(new ApiError(504, 'Timeout', 'It took too long, and it was done'))),
  () => Promise.reject(noAnswer()),
  unheard,
  async () => {
    await sleep(HANG_MS);
    throw noAnswer();
  },
  async (pass) => {
    await sleep(HANG_MS);
    return pass();
  },
];
/** Longer than passes keep apart and than a watch takes. */
const HANG_MS = 700;

/** Lets every so manieth call fail, in ways that the dice choose. */
export const failSome = (share: number, dice: () => number, failed: () => void): Wrap =>
  eachCall((request, pass) => {
    if (dice() >= share || request.path.endsWith('/events')) return pass();
    failed();
    const fail = FAILURES[Math.floor(dice() * FAILURES.length)] ?? unheard;
    return fail(pass);
  });
