/** Far more than any object of Kubernetes has, far less than what a parser or its reader would stumble over. */
const DEEPEST = 100;
/** An object of 3 MB made of the shortest usual lines has a fifth of these; what they cost in memory stays below 50 MB. */
const MOST_VALUES = 500_000;

// What has a meaning in JSON, in ASCII.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/** Why some bytes are no JSON that we read. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/**
 * Reads JSON that anybody may have written. What is too deep or has too many values is refused before anything is made of it:
 * seven megabytes of brackets would become hundreds of megabytes of objects.
 */
export function parseStrange(body: Buffer): unknown {
  measure(body);
  try {
    return JSON.parse(UTF8.decode(body));
  } catch {
    throw new MalformedError('The body is no JSON in UTF-8');
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function measure(body: Buffer): void {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) at = endOfString(body, at);
    else if (byte === COMMA) values += 1;
    else if (OPEN.has(byte)) {
      depth += 1;
      values += 1;
    } else if (CLOSE.has(byte)) depth -= 1;
    if (depth > DEEPEST) throw new MalformedError(`The body is nested more than ${DEEPEST} deep`);
    if (values > MOST_VALUES) throw new MalformedError(`The body has more than ${MOST_VALUES} values`);
  }
}

/** The place of the quote that ends a string; the end of all where none does. */
function endOfString(body: Buffer, start: number): number {
  for (let at = body.indexOf(QUOTE, start + 1); at !== -1; at = body.indexOf(QUOTE, at + 1)) {
    let escapes = 0;
    while (body[at - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return body.length;
}
