import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';
import { scaledValue } from './int-or-string.ts';
import { canonicalMicroTime, canonicalTime, formatMicroTime, formatTime, timeToMs } from './time.ts';

describe('Time', () => {
  it.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.999Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['0001-01-01T00:00:00Z', undefined],
  ])('%s is written %s', (text, canonical) => expect(canonicalTime(text)).toBe(canonical));

  it.each([
    ['abc', 'parsing time "abc" as "2006-01-02T15:04:05Z07:00": cannot parse "abc" as "2006"'],
    ['', 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
    ['2026-01-02', 'parsing time "2026-01-02" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'],
    ['2026-02-29T00:00:00Z', 'parsing time "2026-02-29T00:00:00Z": day out of range'],
    ['2026-13-01T00:00:00Z', 'parsing time "2026-13-01T00:00:00Z": month out of range'],
    ['2026-01-01T24:00:00Z', 'parsing time "2026-01-01T24:00:00Z": hour out of range'],
    ['2026-01-01T00:00:00Zx', 'parsing time "2026-01-01T00:00:00Zx": extra text: "x"'],
  ])('refuses %j', (text, message) => expect(() => canonicalTime(text)).toThrow(message));

  it.each([
    ['2026-01-02T03:04:05Z', 'cannot parse "Z" as ".000000"'],
    ['2026-01-02T03:04:05.123Z', 'cannot parse ".123Z" as ".000000"'],
    ['2026-01-02T03:04:05.123456789Z', 'cannot parse "789Z" as "Z07:00"'],
    ['bad', 'cannot parse "bad" as "2006"'],
  ])('takes six decimals and no other number of them: %j', (text, message) =>
    expect(() => canonicalMicroTime(text)).toThrow(message),
  );

  it('has microseconds where they count', () => {
    expect(canonicalMicroTime('2026-01-02T03:04:05.123456+01:00')).toBe('2026-01-02T02:04:05.123456Z');
    expect(formatMicroTime(1.5)).toBe('1970-01-01T00:00:00.001500Z');
  });

  it('is milliseconds and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62135596799, max: 253402300799 }), (seconds) => {
        expect(timeToMs(formatTime(seconds * 1000))).toBe(seconds * 1000);
        expect(timeToMs(formatMicroTime(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});

describe('Duration', () => {
  it.each([
    ['1h', '1h0m0s'],
    ['90m', '1h30m0s'],
    ['1.5s', '1.5s'],
    ['1500ms', '1.5s'],
    ['-2m', '-2m0s'],
    ['300us', '300µs'],
    ['0', '0s'],
  ])('%s is written %s', (text, canonical) => expect(formatDuration(parseDuration(text))).toBe(canonical));

  it.each([
    ['', 'time: invalid duration ""'],
    ['3', 'time: missing unit in duration "3"'],
    ['3y', 'time: unknown unit "y" in duration "3y"'],
    ['x', 'time: invalid duration "x"'],
  ])('refuses %j', (text, message) => expect(() => parseDuration(text)).toThrow(message));

  it('reads back what it writes', () => {
    fc.assert(fc.property(fc.bigInt(-(2n ** 62n), 2n ** 62n), (ns) => parseDuration(formatDuration(ns)) === ns));
  });
});

describe('IntOrString', () => {
  it('takes percentages of a total', () => {
    expect(scaledValue('25%', 10, true)).toBe(3);
    expect(scaledValue('25%', 10, false)).toBe(2);
    expect(scaledValue(4, 10, true)).toBe(4);
    expect(() => scaledValue('4', 10, true)).toThrow('invalid value for IntOrString');
  });
});
