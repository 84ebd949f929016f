import { expect, test } from 'vitest';
import { DepthError, parseJson } from './json.ts';

test('texts that nest without end are refused before they are parsed', () => {
  const nested = (depth: number) =>
    `{"a":"[[\\"[","b":${'['.repeat(depth)}${']'.repeat(depth)}}${' '.repeat(32 * 1024)}`;
  expect(parseJson(nested(9_000))).toHaveProperty('a', '[["[');
  expect(() => parseJson(nested(10_001))).toThrow(DepthError);
  expect(() => parseJson('['.repeat(1_000_000))).toThrow(DepthError);
  expect(parseJson(JSON.stringify('['.repeat(100_000)))).toHaveLength(100_000);
  expect(parseJson(JSON.stringify(Array.from({ length: 20_000 }, () => [[]])))).toHaveLength(20_000);
});
