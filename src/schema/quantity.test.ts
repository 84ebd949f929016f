import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  newQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityNumber,
  quantityValue,
  subtractQuantities,
} from './quantity.ts';

describe('the canonical form', () => {
  it.each([
    ['0', '0'],
    ['0.0', '0'],
    ['-0', '0'],
    ['00', '0'],
    ['100m', '100m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['+5', '+5'],
    ['1.', '1.'],
    ['1Gi', '1Gi'],
    ['1024Mi', '1Gi'],
    ['1001Mi', '1001Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['1024', '1024'],
    ['2048Ki', '2Mi'],
    ['1e3', '1e3'],
    ['1E3', '1E3'],
    ['1200e0', '1200e0'],
    ['1000000', '1M'],
    ['12E', '12E'],
    ['9Ei', '9223372036854775807'],
    ['0.1m', '100u'],
    ['0.9n', '1n'],
    ['3.001n', '4n'],
    ['-3.001n', '-4n'],
    ['0.000000000001Ki', '2n'],
    // A cheap look says that these are canonical, so they stay as they were written.
    ['2.125', '2.125'],
    ['1.5', '1500m'],
    ['100.035k', '100.035k'],
    ['0.0005k', '500m'],
    ['2G', '2G'],
  ])('%s is written %s', (text, canonical) => expect(canonicalQuantity(text)).toBe(canonical));

  it.each(['', 'abc', '1.2.3', '1 Gi', '0x10'])('refuses %j', (text) => {
    expect(() => parseQuantity(text)).toThrow(/^quantities must match the regular expression/);
  });

  it.each(['1Gii', '1mm', '1ee3', '1e', '1-', '--1'])('refuses the suffix of %s', (text) => {
    expect(() => parseQuantity(text)).toThrow("unable to parse quantity's suffix");
  });
});

describe('values', () => {
  it('rounds up', () => {
    expect(quantityValue('1500m')).toBe(2n);
    expect(quantityValue('-1500m')).toBe(-2n);
    expect(quantityMilliValue('1.0001')).toBe(1001n);
    expect(quantityValue('1Ki')).toBe(1024n);
    expect(quantityNumber('250m')).toBe(0.25);
  });

  it('keeps the family of the first summand', () => {
    expect(formatQuantity(addQuantities('1Gi', '1024M'))).toBe('2048576Ki');
    expect(formatQuantity(addQuantities('1Gi', '1Gi'))).toBe('2Gi');
    expect(formatQuantity(addQuantities('0', '1Gi'))).toBe('1Gi');
    expect(formatQuantity(subtractQuantities('2', '500m'))).toBe('1500m');
  });
});

const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'e-2');
const texts = fc
  .tuple(fc.constantFrom('', '-'), fc.bigInt(0n, 10n ** 9n), fc.option(fc.integer({ min: 0, max: 9999 })), suffix)
  .map(([sign, whole, fraction, unit]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${unit}`);

describe('for any quantity', () => {
  it('the canonical form is the same number, and canonical once its family is settled', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const canonical = canonicalQuantity(text);
        expect(compareQuantities(text, canonical)).toBe(0);
        const again = canonicalQuantity(canonical);
        // 237974906.25Ki is 243686304000 bytes, no multiple of 1024; read as a decimal number that is 243686304k.
        if (!text.endsWith('i')) expect(again).toBe(canonical);
        expect(canonicalQuantity(again)).toBe(again);
        expect(compareQuantities(formatQuantity(parseQuantity(text)), text)).toBe(0);
      }),
    );
  });

  it('what is added can be taken away', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0);
      }),
    );
  });

  it('order is that of numbers', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        expect(compareQuantities(`${a}m`, `${b}m`)).toBe(Math.sign(a - b) || 0);
        expect(quantityValue(newQuantity(a, 'BinarySI'))).toBe(BigInt(a));
      }),
    );
  });
});
