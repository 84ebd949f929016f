import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedMap } from './sorted-map.ts';

const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', '0', 'z'), minLength: 1, maxLength: 4 });

test('behaves as a map sorted anew each time', () => {
  const step = fc.record({ do: fc.constantFrom('set' as const, 'set' as const, 'delete' as const), key });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2000 }), key, key, fc.nat(50), (steps, start, end, limit) => {
      const map = new SortedMap<number>();
      const model = new Map<string, number>();
      for (const [i, s] of steps.entries()) {
        if (s.do === 'set') {
          map.set(s.key, i);
          model.set(s.key, i);
        } else {
          map.delete(s.key);
          model.delete(s.key);
        }
      }
      const inside = [...model.keys()].filter((k) => k >= start && k < end).sort();
      const values = inside.map((k) => model.get(k));
      expect(map.range(start, end)).toEqual(values);
      expect(map.range(start, end, limit)).toEqual(values.slice(0, limit));
      expect(map.count(start, end)).toBe(inside.length);
      expect(map.size).toBe(model.size);
    }),
  );
});

test('keeps its order over many chunks', () => {
  const map = new SortedMap<number>();
  const keys = Array.from({ length: 5000 }, (_, i) => String((i * 7919) % 5000).padStart(5, '0'));
  for (const [i, k] of keys.entries()) map.set(k, i);
  for (const k of keys.slice(0, 2500)) map.delete(k);
  const rest = keys.slice(2500).sort();
  expect(map.range('', '~').map((i) => keys[i])).toEqual(rest);
  expect(map.count('01000', '02000')).toBe(rest.filter((k) => k >= '01000' && k < '02000').length);
});
