import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IndexSet } from './indexes.ts';

const indexes = fc.uniqueArray(fc.nat(50));

test('text form, as in Job status', () => {
  expect(IndexSet.of([7, 0, 3, 4, 5, 9, 10]).toString()).toBe('0,3-5,7,9,10');
  expect(IndexSet.parse('0,3-5,7,9,10', 8).toString()).toBe('0,3-5,7');
  expect(IndexSet.parse('x,2,-', 5).toString()).toBe('2');
  expect(IndexSet.empty.toString()).toBe('');
});

test('is a set', () => {
  fc.assert(
    fc.property(indexes, indexes, fc.nat(60), (a, b, limit) => {
      const [left, right] = [IndexSet.of(a), IndexSet.of(b)];
      const both = new Set([...a, ...b]);
      expect(IndexSet.parse(left.toString(), 100).toString()).toBe(left.toString());
      expect(left.union(right).toString()).toBe(IndexSet.of(both).toString());
      expect(left.size).toBe(a.length);
      expect(left.overlap(right)).toBe(a.filter((index) => b.includes(index)).length);
      expect(left.has(limit)).toBe(a.includes(limit));
      const missing = Array.from({ length: limit }, (_, i) => i).filter((index) => !a.includes(index));
      expect(left.missing(5, limit)).toEqual(missing.slice(0, 5));
    }),
  );
});
