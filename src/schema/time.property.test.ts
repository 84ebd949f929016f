import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';
import { canonicalMicroTime, canonicalTime, formatInstant, formatMicroInstant, parseTime } from './time.ts';

/** From the year 1, without the zero time, to the year 9999. */
const instant = fc.record({
  seconds: fc.integer({ min: -62_135_596_799, max: 253_402_300_799 }),
  micros: fc.integer({ min: 0, max: 999_999 }),
});

describe('times', () => {
  test('are read back as they were written', () => {
    fc.assert(
      fc.property(instant, (t) => {
        expect(parseTime(formatMicroInstant(t))).toEqual(t);
        expect(parseTime(formatInstant(t))).toEqual({ ...t, micros: 0 });
        expect(canonicalMicroTime(formatMicroInstant(t))).toBe(formatMicroInstant(t));
        expect(canonicalTime(formatInstant(t))).toBe(formatInstant(t));
      }),
    );
  });

  test('are as JavaScript has them', () => {
    fc.assert(
      fc.property(instant, ({ seconds, micros }) => {
        expect(formatInstant({ seconds, micros })).toBe(new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'));
      }),
    );
  });

  test('in other zones are the same moments', () => {
    const zone = fc.tuple(fc.constantFrom('+', '-'), fc.nat({ max: 23 }), fc.nat({ max: 59 }));
    const later = fc.integer({ min: -2_000_000_000, max: 4_000_000_000 });
    fc.assert(
      fc.property(later, zone, (seconds, [direction, hours, minutes]) => {
        const offset = (hours * 3600 + minutes * 60) * (direction === '-' ? -1 : 1);
        const local = new Date((seconds + offset) * 1000).toISOString().slice(0, 19);
        const two = (n: number) => String(n).padStart(2, '0');
        expect(parseTime(`${local}${direction}${two(hours)}:${two(minutes)}`)).toEqual({ seconds, micros: 0 });
      }),
    );
  });
});

describe('durations', () => {
  const any = fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n });
  const short = fc.bigInt({ min: -4_000_000_000n, max: 4_000_000_000n });

  test('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.oneof(any, short), (d) => {
        expect(parseDuration(formatDuration(d))).toBe(d);
      }),
    );
  });

  test('are the sum of their parts', () => {
    const unit = fc.constantFrom<readonly [string, bigint]>(
      ['ns', 1n],
      ['us', 10n ** 3n],
      ['ms', 10n ** 6n],
      ['s', 10n ** 9n],
      ['h', 3600n * 10n ** 9n],
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 9_999 }), unit), { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.map(([n, [name]]) => `${n}${name}`).join('');
        const sum = parts.reduce((total, [n, [, ns]]) => total + BigInt(n) * ns, 0n);
        expect(parseDuration(text)).toBe(sum);
        expect(parseDuration(`-${text}`)).toBe(-sum);
      }),
    );
  });
});
