import { expect, test } from 'vitest';
import { Slab } from './slab.ts';

test('buffers keep what was written to them, whatever else is cut', () => {
  const slab = new Slab();
  const texts = Array.from({ length: 500 }, (_, i) => `${i} ä€𝄞 `.repeat(i * 7));
  const written = texts.map((text) => slab.write([text]));
  const taken = [1, 1000, 70_000, 300_000].map((length) => slab.take(length).fill(length % 251));
  for (const [i, text] of texts.entries()) expect(written[i]?.toString()).toBe(text);
  for (const buffer of taken) expect(buffer.every((byte) => byte === buffer.length % 251)).toBe(true);
  expect(slab.write(['']).length).toBe(0);
  for (const pieces of [['a', 'ä€', '𝄞'], [], ['x'.repeat(70_000), 'y']]) {
    expect(slab.write(pieces).toString()).toBe(pieces.join(''));
  }
});
