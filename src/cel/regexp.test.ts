import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRegExp, LinearRegExp } from './regexp.ts';

function compiled(pattern: string): LinearRegExp {
  const made = compileRegExp(pattern);
  if (!(made instanceof LinearRegExp)) throw new Error(made.message);
  return made;
}

test('patterns that backtracking engines never finish with', () => {
  const text = `${'a'.repeat(20_000)}!`;
  expect(compiled('^(a+)+$').test(text)).toBe(false);
  expect(compiled('^(a|aa)*$').test(text)).toBe(false);
});

test('finds what JavaScript finds, where both know the pattern', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '[ab]',
    '[^a]',
    '(?:ab)',
    '(a|b)',
    '\\w',
    '\\d',
    'a*',
    'b+?',
    '(?:ab)?',
    'a{1,2}',
    '^',
    '$',
  );
  const pattern = fc.array(atom, { maxLength: 6 }).map((atoms) => atoms.join(''));
  fc.assert(
    fc.property(pattern, fc.array(fc.constantFrom('a', 'b', '1', ' '), { maxLength: 12 }), (source, chars) => {
      const text = chars.join('');
      const match = new RegExp(source).exec(text);
      const found = compiled(source).exec(text);
      expect(found && text.slice(found.start, found.end)).toBe(match?.[0]);
      expect(found?.start).toBe(match?.index);
    }),
  );
});

describe('what is no pattern', () => {
  test.each([
    ['(', 'missing closing ): `(`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['[b-a]', 'invalid character class range: `b-a`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['*', 'missing argument to repetition operator: `*`'],
    ['\\y', 'invalid escape sequence: `\\y`'],
  ])('%s', (pattern, why) => {
    expect(compileRegExp(pattern)).toHaveProperty('message', `error parsing regexp: ${why}`);
  });
});
