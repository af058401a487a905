/** Far more than any object of Kubernetes has, far less than what a parser or its reader would stumble over. */
const DEEPEST = 100;
/** An object of 3 MB made of the shortest usual lines has a fifth of these. */
const MOST_VALUES = 500_000;
/** What a value may become: measured up to 115 as it is parsed, with a key of its own, and as much again in what is made of it to judge it. */
const HEAP_PER_VALUE = 200;
/** One character that is none of Latin-1 makes two of each byte of a text. */
const HEAP_PER_BYTE = 2;

// What has a meaning in JSON, in ASCII.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Why some bytes are no JSON that we read. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/**
 * How many bytes of the heap JSON that anybody may have written becomes, at most. What is too deep or has too many values is refused
 * before anything is made of it: seven megabytes of brackets would become hundreds of megabytes of objects.
 */
export const weigh = (body: Uint8Array): number => HEAP_PER_VALUE * valuesIn(body) + HEAP_PER_BYTE * body.length;

/** Reads JSON that was weighed. */
export function parseWeighed(body: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(body));
  } catch {
    throw new MalformedError('The body is no JSON in UTF-8');
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Byte by byte, without a call for each: this runs over every body, and nothing else does meanwhile. */
function valuesIn(body: Uint8Array): number {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < body.length; at++) {
    switch (body[at]) {
      case QUOTE:
        at = endOfString(body, at);
        break;
      case COMMA:
        values += 1;
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        values += 1;
        depth += 1;
        if (depth > DEEPEST) throw new MalformedError(`The body is nested more than ${DEEPEST} deep`);
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      default:
    }
  }
  if (values > MOST_VALUES) throw new MalformedError(`The body has more than ${MOST_VALUES} values`);
  return values;
}

/** The place of the quote that ends a string; the end of all where none does. */
function endOfString(body: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at;
}
