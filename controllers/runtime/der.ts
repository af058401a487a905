/** The few forms of DER that a certificate is made of. Everything here is written by us and read by others: nothing is parsed. */

const tlv = (tag: number, content: Uint8Array): Buffer => Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

/** Things in order. */
export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, Buffer.concat(parts));
/** Things without an order; ours have one member. */
export const set = (part: Uint8Array): Buffer => tlv(0x31, part);
/** A number that is not negative, most significant byte first. */
export const integer = (bytes: Uint8Array): Buffer => tlv(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
/** Yes; no is said by leaving it out. */
export const yes: Buffer = tlv(0x01, Buffer.from([0xff]));
/** Bits, of which the last few may not count. */
export const bits = (content: Uint8Array, unused = 0): Buffer => tlv(0x03, Buffer.concat([Buffer.from([unused]), content]));
/** Bytes. */
export const octets = (content: Uint8Array): Buffer => tlv(0x04, content);
/** A text. */
export const text = (value: string): Buffer => tlv(0x0c, Buffer.from(value));
/** A member that is known by its number, and holds others. */
export const tagged = (number: number, content: Uint8Array): Buffer => tlv(0xa0 | number, content);
/** A member that is known by its number, and holds bytes. */
export const taggedBytes = (number: number, content: Uint8Array): Buffer => tlv(0x80 | number, content);

/** A name that is registered worldwide, as dotted numbers. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** The year from which a certificate has to write four digits. */
const FOUR_DIGITS_FROM = 2050;

/** A moment, to the second. */
export function time(moment: Date): Buffer {
  const digits = moment.toISOString().replace(/\.\d+|[-:T]/g, '');
  return moment.getUTCFullYear() < FOUR_DIGITS_FROM ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}
