import { expect, test } from 'vitest';
import { LocalTime } from '../utils/local-time.ts';
import { parseSchedule } from './cron-schedule.ts';

const next = (schedule: string, from: string, zone = 'Etc/UTC') => {
  const at = parseSchedule(schedule, zone).next(Date.parse(from));
  return at === undefined ? undefined : new Date(at).toISOString().replace(':00.000Z', '');
};

test.each([
  ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01'],
  ['* * * * *', '2026-01-01T00:00:59Z', '2026-01-01T00:01'],
  ['*/15 * * * *', '2026-01-01T00:46:00Z', '2026-01-01T01:00'],
  ['5/20 * * * *', '2026-01-01T00:26:00Z', '2026-01-01T00:45'],
  ['10-12,40 3 * * *', '2026-01-01T03:12:00Z', '2026-01-01T03:40'],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00'],
  ['0 9 * jan,DEC mon-fri', '2026-01-31T00:00:00Z', '2026-12-01T09:00'],
  ['0 0 13 * 5', '2026-01-01T00:00:00Z', '2026-01-02T00:00'],
  ['0 0 13 * ?', '2026-01-01T00:00:00Z', '2026-01-13T00:00'],
  ['0 0 */2 * 1', '2026-01-01T00:00:00Z', '2026-01-03T00:00'],
  ['@weekly', '2026-01-01T00:00:00Z', '2026-01-04T00:00'],
  ['@yearly', '2026-01-01T00:00:00Z', '2027-01-01T00:00'],
  ['@every 1h30m', '2026-01-01T00:10:00Z', '2026-01-01T01:40'],
  ['TZ=Asia/Kolkata 0 6 * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:30'],
  ['0 0 31 2 *', '2026-01-01T00:00:00Z', undefined],
])('%s after %s: %s', (schedule, from, expected) => {
  expect(next(schedule, from)).toBe(expected);
});

test('follows the clocks of its zone', () => {
  expect(next('30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin')).toBe('2026-03-30T00:30');
  expect(next('0 0 * * *', '2026-03-28T23:00:00Z', 'Europe/Berlin')).toBe('2026-03-29T22:00');
  expect(next('0 0 1 * *', '2026-10-20T00:00:00Z', 'America/New_York')).toBe('2026-11-01T04:00');
  expect(new LocalTime('Asia/Kolkata').format(Date.UTC(2026, 0, 1))).toBe('2026-01-01T05:30:00+05:30');
  expect(new LocalTime('America/New_York').format(Date.UTC(2026, 0, 1))).toBe('2025-12-31T19:00:00-05:00');
  expect(new LocalTime('Etc/UTC').format(Date.UTC(2026, 0, 1))).toBe('2026-01-01T00:00:00Z');
});

test.each([
  ['', 'empty spec string'],
  ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['* * * * 7', 'end of range (7) above maximum (6): 7'],
  ['9-3 * * * *', 'beginning of range (9) beyond end of range (3): 9-3'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
  ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
  ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ['@often', 'unrecognized descriptor: @often'],
  ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
  ['TZ=Nowhere 0 6 * * *', 'provided bad location Nowhere: unknown time zone Nowhere'],
])('%s is no schedule: %s', (schedule, message) => {
  expect(() => parseSchedule(schedule, 'Etc/UTC')).toThrow(message);
});
