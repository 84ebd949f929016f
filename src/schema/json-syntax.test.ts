import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonSyntaxError } from './json-syntax.ts';

test.each([
  ['', 'unexpected end of JSON input'],
  ['{"a":1,', 'unexpected end of JSON input'],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":01}', "invalid character '1' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ['{"a":.5}', "invalid character '.' looking for beginning of value"],
  ['{"a":1.}', "invalid character '}' after decimal point in numeric literal"],
  ['{"a":1e}', "invalid character '}' in exponent of numeric literal"],
  ['{"a":-}', "invalid character '}' in numeric literal"],
  ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
  ['{"a":"\n"}', "invalid character '\\n' in string literal"],
  ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
  ['{"a":"\\u12"}', "invalid character '\"' in \\u hexadecimal character escape"],
  ['{} {}', "invalid character '{' after top-level value"],
  ['é', "invalid character 'Ã' looking for beginning of value"],
])('%j: what v1.36 says of it', (text, why) => {
  expect(jsonSyntaxError(text)).toBe(why);
});

test('nesting has a bound, and no stack to overflow', () => {
  expect(jsonSyntaxError('['.repeat(1_000_000))).toBe('exceeded max depth');
});

test('it finds something wrong with exactly the texts that JSON.parse refuses', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '1',
    '-',
    '0',
    '.5',
    'e3',
    'true',
    'null',
    ' ',
    '\\',
    '"',
    'x',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      let good = true;
      try {
        JSON.parse(text);
      } catch {
        good = false;
      }
      expect(jsonSyntaxError(text) === undefined).toBe(good);
    }),
    { numRuns: 2000 },
  );
});

test('any JSON document is in order', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(jsonSyntaxError(JSON.stringify(value))).toBeUndefined();
    }),
  );
});
