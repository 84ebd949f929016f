import { expect, it } from 'vitest';
import { FakeClock } from '../utils/clock.ts';
import { goDuration, KeyedBackoff } from './backoff.ts';

it('doubles from the first to the longest wait, and starts over after twice the longest', async () => {
  const clock = new FakeClock();
  const backoff = new KeyedBackoff(clock, 10_000, 300_000);
  expect(backoff.remaining('k', clock.now())).toBe(0);
  const waits: number[] = [];
  for (let i = 0; i < 7; i++) {
    backoff.next('k', clock.now());
    waits.push(backoff.get('k'));
    await clock.advance(backoff.remaining('k', clock.now()));
  }
  expect(waits).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  // It ran for eleven minutes before it failed again.
  await clock.advance(660_000);
  expect(backoff.remaining('k', clock.now())).toBe(0);
  backoff.next('k', clock.now());
  expect(backoff.get('k')).toBe(10_000);
});

it('counts the wait from the end of the container', async () => {
  const clock = new FakeClock();
  const backoff = new KeyedBackoff(clock, 10_000, 300_000);
  const end = clock.now();
  backoff.next('k', end);
  await clock.advance(4_000);
  expect(backoff.remaining('k', end)).toBe(6_000);
  backoff.forget('k');
  expect(backoff.remaining('k', end)).toBe(0);
});

it.each([
  [10_000, '10s'],
  [80_000, '1m20s'],
  [300_000, '5m0s'],
  [3_600_000, '1h0m0s'],
])('%d ms is %s', (ms, text) => expect(goDuration(ms)).toBe(text));
