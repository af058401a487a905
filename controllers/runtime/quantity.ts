import { LONGEST_QUANTITY, QUANTITY_FORM } from '../../api/meta/scalars.ts';

/** A Kubernetes quantity, exact: whole numbers of 10⁻⁹ units, since a double can't hold an exabyte and a millicore. */
export type Quantity = bigint;

/** The finest step that the API server knows. */
const NANO = 1_000_000_000n;
const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
  Ei: 2n ** 60n,
};
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
/** What the schemas accept, so that nothing comes in that would count as nothing here. */
const FORM = new RegExp(QUANTITY_FORM);

/** Reads a quantity as the API server does, rounding away from zero below 10⁻⁹; undefined for what is none, or is absurdly long. */
export function parseQuantity(text: string | number): Quantity | undefined {
  const given = String(text);
  const match = given.length > LONGEST_QUANTITY ? null : FORM.exec(given);
  if (match === null) return undefined;
  const [, sign = '', whole = '', after = '', alone = '', suffix = ''] = match;
  const fraction = after + alone;
  const digits = BigInt(whole + fraction);
  const { factor, exponent } = scaleOf(suffix);
  const power = exponent - fraction.length + 9;
  const scaled = power >= 0 ? digits * factor * 10n ** BigInt(power) : divideUp(digits * factor, 10n ** BigInt(-power));
  return sign === '-' ? -scaled : scaled;
}

function scaleOf(suffix: string): { readonly factor: bigint; readonly exponent: number } {
  const binary = BINARY[suffix];
  if (binary !== undefined) return { factor: binary, exponent: 0 };
  return { factor: 1n, exponent: DECIMAL[suffix] ?? Number(suffix.slice(1)) };
}

const divideUp = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** Writes a quantity the way the API server would: bytes in the largest binary unit that fits, all else in decimals. */
export function formatQuantity(quantity: Quantity, style: 'binary' | 'decimal'): string {
  const negative = quantity < 0n;
  const absolute = negative ? -quantity : quantity;
  const text = style === 'binary' && absolute % NANO === 0n ? formatBinary(absolute / NANO) : formatDecimal(absolute);
  return negative ? `-${text}` : text;
}

function formatBinary(value: bigint): string {
  for (const [unit, factor] of Object.entries(BINARY).toReversed())
    if (value !== 0n && value % factor === 0n) return `${value / factor}${unit}`;
  // No multiple of 1024: then somebody meant decimal units.
  return formatDecimal(value * NANO);
}

function formatDecimal(nanos: bigint): string {
  if (nanos === 0n) return '0';
  for (const [unit, exponent] of Object.entries(DECIMAL).toReversed()) {
    const factor = 10n ** BigInt(exponent + 9);
    if (nanos % factor === 0n) return `${nanos / factor}${unit}`;
  }
  return `${nanos}n`;
}

/** The sum; quantities that are none count as nothing. */
export const sumQuantities = (texts: readonly (string | number)[]): Quantity =>
  texts.reduce((sum, text) => sum + (parseQuantity(text) ?? 0n), 0n);

/** The lesser of two amounts, as it is written. */
export const lesserOf = (a: string, b: string): string => ((parseQuantity(a) ?? 0n) <= (parseQuantity(b) ?? 0n) ? a : b);

/** The greater one. */
export const greaterOf = (a: string, b: string): string => (lesserOf(a, b) === a ? b : a);

/** Bytes are written in binary units, all else in decimals: by the resource's name, as the API server's own defaults are. */
export const styleOf = (resourceName: string): 'binary' | 'decimal' =>
  /(memory|storage|hugepages)/.test(resourceName) ? 'binary' : 'decimal';
