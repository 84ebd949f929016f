import { describe, expect, test } from 'vitest';
import { unifiedDiff } from './unified-diff.ts';

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

describe('a unified diff', () => {
  test('of equal texts is empty', () => {
    expect(unifiedDiff('a\nb', 'a\nb')).toBe('');
  });

  test('shows three lines around a change', () => {
    const before = numbers(1, 9).join('\n');
    const after = before.replace('5', 'five');
    expect(unifiedDiff(before, after)).toBe('@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n');
  });

  test('gives changes far apart hunks of their own, and those that are close one', () => {
    const before = numbers(1, 30).join('\n');
    const far = numbers(1, 30).map((n) => (n === '5' || n === '25' ? `${n}!` : n));
    expect(unifiedDiff(before, far.join('\n')).match(/^@@/gm)).toHaveLength(2);
    const close = numbers(1, 30).map((n) => (n === '5' || n === '11' ? `${n}!` : n));
    expect(unifiedDiff(before, close.join('\n')).match(/^@@/gm)).toHaveLength(1);
  });

  test('of a beginning and of an end counts from where it is', () => {
    expect(unifiedDiff('a', 'a\nb')).toBe('@@ -1 +1,2 @@\n a\n+b\n');
    expect(unifiedDiff('a\nb', 'b')).toBe('@@ -1,2 +1 @@\n-a\n b\n');
  });
});
