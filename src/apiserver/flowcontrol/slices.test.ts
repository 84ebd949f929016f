import { expect, test } from 'vitest';
import { FakeClock } from '../../utils/clock.ts';
import { PriorityLevel } from './level.ts';
import { Slices } from './slices.ts';

function level(name: string, seats: number): PriorityLevel {
  const made = new PriorityLevel(name, new FakeClock());
  made.current = seats;
  return made;
}

/** A request that keeps the processor for so many milliseconds. */
function work(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

test('a flood of one level lets others through, and every level gets its part', async () => {
  const slices = new Slices();
  const [many, few] = [level('many', 100), level('few', 100)];
  expect(slices.free).toBe(true);
  work(1);
  // The turn's slice is used up: who comes now waits.
  expect(slices.free).toBe(false);
  const order: string[] = [];
  const ask = async (of: PriorityLevel) => {
    await slices.turn(of);
    order.push(of.name);
    await Promise.resolve();
    // Work after a promise is the request's as well.
    work(0.6);
  };
  const flood = Array.from({ length: 20 }, () => ask(many));
  await new Promise((resolve) => setImmediate(resolve));
  const late = ask(few);
  await late;
  // Whatever had begun when it came, and what the slice at hand had room for.
  expect(order.indexOf('few')).toBeLessThan(5);
  await Promise.all(flood);
  expect(order.length).toBe(21);
  expect(slices.waiting).toBe(0);
});

test('by seats: who has three times as many begins three times as often', async () => {
  const slices = new Slices();
  expect(slices.free).toBe(true);
  work(1);
  const [wide, narrow] = [level('wide', 30), level('narrow', 10)];
  const order: string[] = [];
  const ask = async (of: PriorityLevel) => {
    await slices.turn(of);
    order.push(of.name);
    work(1);
  };
  await Promise.all([...Array.from({ length: 40 }, () => ask(narrow)), ...Array.from({ length: 40 }, () => ask(wide))]);
  const share = order.slice(0, 40).filter((name) => name === 'wide').length;
  expect(share).toBeGreaterThan(20);
  expect(share).toBeLessThan(38);
});
