import { expect } from 'chai';
import * as fc from 'fast-check';
import { LONGEST_QUANTITY, QUANTITY_FORM } from '../../api/meta/scalars.ts';
import { formatQuantity, parseQuantity, sumQuantities } from './quantity.ts';

/** In 10⁻²⁰⁰ units, in which nothing has to be rounded before the end: another way to the same number. */
function byHand(text: string): bigint {
  const [, number = '', unit = ''] = /^[+-]?([0-9.]+)(.*)$/.exec(text) ?? [];
  const [whole = '', fraction = ''] = number.split('.');
  const fine = BigInt(whole + fraction.padEnd(200, '0')) * 1024n ** BigInt(unit.endsWith('i') ? 'KMGTPE'.indexOf(unit.charAt(0)) + 1 : 0);
  const up = 10n ** BigInt(100 + powerOf(unit));
  const nano = 10n ** 291n;
  const rounded = (fine * up) / nano + ((fine * up) % nano === 0n ? 0n : 1n);
  return text.startsWith('-') ? -rounded : rounded;
}

function powerOf(unit: string): number {
  if (unit === '' || unit.endsWith('i')) return 0;
  return /^[eE]./.test(unit) ? Number(unit.slice(1)) : ('num kMGTPE'.indexOf(unit) - 3) * 3;
}

describe('a quantity', () => {
  const same: [string | number, string][] = [
    ['1', '1000m'],
    ['0.5', '500m'],
    ['1Ki', '1024'],
    ['1k', '1000'],
    ['1.5Gi', '1536Mi'],
    ['1e3', '1k'],
    ['1E3', '1000'],
    ['12E', '12e18'],
    [2, '2'],
    ['.5', '500m'],
    ['5.', '5'],
    ['+1', '1'],
    ['0.1n', '1n'],
    ['1u', '1000n'],
    [`1.${'0'.repeat(45)}`, '1'],
    [`${'0'.repeat(60)}1.5`, '1500m'],
    ['1e-99', '1n'],
    ['-1e-99', '-1n'],
    ['1e99', `1${'0'.repeat(60)}e39`],
  ];
  for (const [a, b] of same) it(`${a} is ${b}`, () => expect(parseQuantity(a)).to.equal(parseQuantity(b)).and.not.equal(undefined));

  const nones = [
    '',
    '.',
    '+',
    '-',
    'm',
    'Ki',
    'e3',
    '1KB',
    '1 Gi',
    'ten',
    '0x10',
    '1e',
    '1e333',
    '1e-100',
    '--1',
    'NaN',
    'Infinity',
    '1\n',
  ];
  for (const none of [...nones, '1'.repeat(65), '9'.repeat(1e6), `1e-${'9'.repeat(1e6)}`]) {
    it(`${JSON.stringify(none.slice(0, 12))} is none`, () => expect(parseQuantity(none)).to.equal(undefined));
  }

  it('is whatever the schemas accept, exactly', () => {
    const accepted = fc.stringMatching(new RegExp(QUANTITY_FORM)).filter((text) => text.length <= LONGEST_QUANTITY);
    fc.assert(
      fc.property(accepted, (text) => {
        expect(parseQuantity(text)).to.equal(byHand(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps its value under zeros that mean nothing', () => {
    const zeros = fc.nat({ max: 19 }).map((count) => '0'.repeat(count));
    const number = fc.stringMatching(/^[0-9]{1,10}[.][0-9]{1,10}$/);
    const unit = fc.constantFrom('', 'n', 'm', 'k', 'Ki', 'Ei', 'e-9', 'e3');
    fc.assert(
      fc.property(number, unit, zeros, zeros, (digits, suffix, before, behind) => {
        expect(parseQuantity(`${before}${digits}${behind}${suffix}`)).to.equal(parseQuantity(`${digits}${suffix}`));
      }),
    );
  });

  it('survives writing and reading', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.constantFrom('binary', 'decimal'), (value, style) => {
        expect(parseQuantity(formatQuantity(value, style))).to.equal(value);
      }),
    );
  });

  const written: [string, 'binary' | 'decimal', string][] = [
    ['2000m', 'decimal', '2'],
    ['3920m', 'decimal', '3920m'],
    ['16384Mi', 'binary', '16Gi'],
    ['16393212Ki', 'binary', '16393212Ki'],
    ['0', 'binary', '0'],
    ['0', 'decimal', '0'],
    ['1000', 'decimal', '1k'],
    ['1500', 'decimal', '1500'],
    ['1G', 'binary', '1G'],
  ];
  for (const [text, style, want] of written)
    it(`${text} is written as ${want}`, () => expect(formatQuantity(parseQuantity(text) ?? -1n, style)).to.equal(want));

  it('adds up exactly where a double would not', () => {
    expect(formatQuantity(sumQuantities(Array.from({ length: 10 }, () => '100m')), 'decimal')).to.equal('1');
    expect(formatQuantity(sumQuantities(['9007199254740993', '1m']), 'decimal')).to.equal('9007199254740993001m');
  });
});
