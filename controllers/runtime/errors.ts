/** What the API server answers with when it says no; the machine part is `reason`, the human part the message. */
interface StatusBody {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: { readonly retryAfterSeconds?: number; readonly causes?: readonly { readonly reason?: string }[] };
}

/** An API server asks for seconds. A balancer in front of it may ask for hours, and the API server be back long before. */
const LONGEST_RETRY_AFTER_MS = 120_000;

/** A failed call to an API server. Code 0 means that no answer came at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: number, reason: string, message: string, options: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(oneLine(message), { cause: options.cause });
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Reads a Status object, from an HTTP answer or from an ERROR event of a watch (then without a code of its own: 0). */
  static fromStatus(code: number, body: unknown, retryAfter?: string): ApiError {
    const status = asStatus(body);
    const actual = code === 0 ? (status.code ?? 500) : code;
    const seconds = Number(retryAfter ?? status.details?.retryAfterSeconds);
    const retryAfterMs = seconds > 0 ? Math.min(seconds * 1000, LONGEST_RETRY_AFTER_MS) : undefined;
    return new ApiError(actual, reasonOf(status) ?? String(actual), status.message ?? `The API server answered ${actual}`, {
      retryAfterMs,
    });
  }

  /** Turns anything that a call can throw into one shape. */
  static from(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    const cause = rootCause(error);
    return new ApiError(0, codeOf(cause) ?? 'Unreachable', describe(cause), { cause: error });
  }
}

/** Nothing changes until a human changes the object: no retry, `Stalled`. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(oneLine(message));
    this.reason = reason;
  }
}

/** A failure with a name of its own that a retry may cure. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  readonly reason: string;
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(oneLine(message), options);
    this.reason = reason;
  }
}

const hasCode =
  (code: number) =>
  (error: unknown): boolean =>
    error instanceof ApiError && error.code === code;

/** There is no such object. */
export const isNotFound: (error: unknown) => boolean = hasCode(404);
/** Somebody else was faster: the object changed, or its name is taken. */
export const isConflict: (error: unknown) => boolean = hasCode(409);

/** 409 because the name is taken, as opposed to a lost race over an existing object. */
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists';

/** The API server or the way to it is in trouble: says nothing about the object at hand, so it never reaches its status. */
export const isApiTrouble = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.code === 0 || error.code === 409 || error.code === 429 || error.code >= 500) &&
  !BY_WEBHOOK.some((words) => error.message.includes(words));

/** Somebody's admission webhook does not answer, or refuses with whatever code: all else works, it may last for weeks, and only who reads of it can mend it. */
const BY_WEBHOOK = ['failed calling webhook', ' denied the request'];

/** Why something failed, for a log line or a condition: one line, never a stack, bounded. */
export const describe = (error: unknown): string => oneLine(error instanceof Error ? error.message || error.name : String(error));

/** The longest message that a condition may carry: what the schema of every kind allows. */
export const LONGEST_MESSAGE = 1024;
const oneLine = (text: string): string => {
  const flat = text.replace(/\s+/g, ' ').trim();
  return clip(flat, LONGEST_MESSAGE);
};

/** As much of a text as there is room for; never half a character, which no API server reads. */
export const clip = (said: string, most: number): string =>
  said.length <= most ? said : `${said.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;

/** A dual-stack connect failure wraps the telling errors in an AggregateError without a message. */
function rootCause(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootCause(error.errors[0]);
  return error instanceof Error && error.cause instanceof Error && error.message === '' ? rootCause(error.cause) : error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What is no Status object, such as an error page of something in between, is all message. */
function asStatus(body: unknown): StatusBody {
  if (typeof body === 'object' && body !== null) return body;
  return typeof body === 'string' && body !== '' ? { message: body } : {};
}

/** The API server hides one reason under a plain timeout: only its cause tells that waiting will not help. */
function reasonOf({ reason, details }: StatusBody): string | undefined {
  const tooLarge = details?.causes?.some((cause) => cause.reason === TOO_LARGE) === true;
  return tooLarge ? TOO_LARGE : reason;
}
const TOO_LARGE = 'ResourceVersionTooLarge';
