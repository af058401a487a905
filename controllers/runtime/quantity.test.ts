import { expect } from 'chai';
import * as fc from 'fast-check';
import { formatQuantity, parseQuantity, sumQuantities } from './quantity.ts';

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
  ];
  for (const [a, b] of same) it(`${a} is ${b}`, () => expect(parseQuantity(a)).to.equal(parseQuantity(b)).and.not.equal(undefined));

  for (const none of ['', '.', 'm', '1KB', '1 Gi', 'ten', '0x10', '1e', '1e333', '--1', '1'.repeat(99), 'NaN', 'Infinity']) {
    it(`"${none.slice(0, 12)}" is none`, () => expect(parseQuantity(none)).to.equal(undefined));
  }

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
