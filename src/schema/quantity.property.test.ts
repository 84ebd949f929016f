import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityMilliValue,
  quantityValue,
  subtractQuantities,
} from './quantity.ts';

/** The model: whole billionths, which every quantity is a number of. */
const BILLION = 10n ** 9n;

const suffixes: readonly (readonly [string, bigint])[] = [
  ['n', 1n],
  ['u', 10n ** 3n],
  ['m', 10n ** 6n],
  ['', BILLION],
  ['k', 10n ** 12n],
  ['M', 10n ** 15n],
  ['G', 10n ** 18n],
  ['e3', 10n ** 12n],
  ['E-3', 10n ** 6n],
  ['Ki', BILLION << 10n],
  ['Mi', BILLION << 20n],
  ['Gi', BILLION << 30n],
];

/** A quantity's text and how many billionths it is; what is finer is rounded away from zero. */
const written = fc
  .tuple(
    fc.constantFrom('', '-', '+'),
    fc.bigInt({ min: 0n, max: 99_999n }),
    fc.stringMatching(/^[0-9]{0,4}$/),
    fc.constantFrom(...suffixes),
  )
  .map(([sign, whole, fraction, [suffix, unit]]) => {
    const numerator = (whole * 10n ** BigInt(fraction.length) + BigInt(fraction || '0')) * unit;
    const denominator = 10n ** BigInt(fraction.length);
    const amount = (numerator + denominator - 1n) / denominator;
    const text = `${sign}${whole}${fraction && `.${fraction}`}${suffix}`;
    return { text, amount: sign === '-' ? -amount : amount };
  });

function billionths({ value, scale }: Quantity): bigint {
  return value * 10n ** BigInt(scale + 9);
}

const sign = (n: bigint): number => (n < 0n ? -1 : n > 0n ? 1 : 0);
const away = (n: bigint, by: bigint): bigint => n / by + (n % by === 0n ? 0n : n < 0n ? -1n : 1n);

describe('quantities', () => {
  test('are the number that is written', () => {
    fc.assert(
      fc.property(written, ({ text, amount }) => {
        expect(billionths(parseQuantity(text))).toBe(amount);
      }),
    );
  });

  test('are compared, added and subtracted as numbers, whatever their suffixes', () => {
    fc.assert(
      fc.property(written, written, (a, b) => {
        expect(compareQuantities(a.text, b.text)).toBe(sign(a.amount - b.amount));
        expect(billionths(addQuantities(a.text, b.text))).toBe(a.amount + b.amount);
        expect(billionths(subtractQuantities(a.text, b.text))).toBe(a.amount - b.amount);
      }),
    );
  });

  test('are rounded away from zero', () => {
    fc.assert(
      fc.property(written, ({ text, amount }) => {
        expect(quantityValue(text)).toBe(away(amount, BILLION));
        expect(quantityMilliValue(text)).toBe(away(amount, 10n ** 6n));
      }),
    );
  });

  test('keep their value in the canonical form, which has neither a fraction nor another form', () => {
    fc.assert(
      fc.property(written, ({ text, amount }) => {
        const canonical = formatQuantity(parseQuantity(text));
        expect(billionths(parseQuantity(canonical))).toBe(amount);
        expect(canonical).toMatch(/^(?:0|-?[1-9][0-9]*(?:[numkMGTPE]|[KMGTPE]i|e-?[0-9]+)?)$/);
        expect(formatQuantity(parseQuantity(canonical))).toBe(canonical);
      }),
    );
  });

  test('are the same after a second writing', () => {
    fc.assert(
      fc.property(written, ({ text, amount }) => {
        const once = canonicalQuantity(text);
        expect(billionths(parseQuantity(once))).toBe(amount);
        expect(canonicalQuantity(once)).toBe(once);
      }),
    );
  });
});
