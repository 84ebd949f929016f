import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { yamlText } from './yaml-text.ts';

const directory = '../shared/api-testdata';
const present = existsSync(directory);

test.skipIf(!present)(
  'objects of every kind are, byte by byte, what Kubernetes writes (skipped without ../shared)',
  () => {
    const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
    expect(names.length).toBeGreaterThan(85);
    for (const name of names) {
      const read = (file: string) => readFileSync(`${directory}/${file}`, 'utf8');
      expect(yamlText(JSON.parse(read(name)))).toBe(read(name.replace(/json$/, 'yaml')));
    }
  },
);

/** As a v1.36 API server wrote them, in the data of a ConfigMap. */
test.each<readonly [string, string]>([
  ['', '""'],
  ['.', '.'],
  ['...', "'...'"],
  ['.5', '".5"'],
  ['yes', '"yes"'],
  ['yEs', 'yEs'],
  ['~', '"~"'],
  ['0X1F', '"0X1F"'],
  ['0o17', '"0o17"'],
  ['0xg', '0xg'],
  ['1__0', '"1__0"'],
  ['18446744073709551616', '"18446744073709551616"'],
  ['190:20:30', '"190:20:30"'],
  ['2026-01-01', '"2026-01-01"'],
  ['2026-13-45', '2026-13-45'],
  ['1,000', '1,000'],
  ['-', "'-'"],
  ['-a', '-a'],
  ['? a', "'? a'"],
  ['a:', "'a:'"],
  ['a:b', 'a:b'],
  ['a #b', "'a #b'"],
  ['a#b', 'a#b'],
  ['>=1', "'>=1'"],
  ["'", "''''"],
  ["it's", "it's"],
  ['a ', "'a '"],
  ['a\tb', '"a\\tb"'],
  ['{"a":"b"}', `'{"a":"b"}'`],
  ['\u{1f600}', '"\\U0001F600"'],
  ['\ufeff', '"\\uFEFF"'],
  ['a\nb', '|-\n  a\n  b'],
  ['a\n', '|\n  a'],
  ['\na', '|2-\n\n  a'],
  ['x\n\n\n', '|+\n  x\n\n'],
  ['a \nb', '"a \\nb"'],
  ['\ta\nb', '"\\ta\\nb"'],
  [`${'word '.repeat(17)}end`, `${'word '.repeat(15)}word\n  word end`],
  [`${"it's: ".repeat(13)}end`, `'${"it''s: ".repeat(12).trim()}\n  it''s: end'`],
])('%j', (text, written) => {
  expect(yamlText({ k: text })).toBe(`k: ${written}\n`);
});

test('keys are ordered as Kubernetes orders them', () => {
  const ordered = ['-', '_a', '1', '1.5', '1e3', 'a.b', 'a2', 'a10', 'true', 'y'];
  const value = Object.fromEntries([...ordered].reverse().map((key) => [key, 0]));
  const lines = ["'-'", '_a', '"1"', '"1.5"', '"1e3"', 'a.b', 'a2', 'a10', '"true"', '"y"'];
  expect(yamlText(value)).toBe(lines.map((line) => `${line}: 0\n`).join(''));
});

/** Every scalar as its text: which of them are no strings is what the examples above are about. */
function texts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(texts);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, texts(item)]));
}

test('any value is read back as it was written', () => {
  const strings = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      'yes',
      'Null',
      '1:2',
      '12:30:45',
      'a b:c d',
      'x: y',
      'a-',
      'a -b',
      'a: -',
      '/-',
      '2026-01-01',
      'a\nb',
    ),
    fc.stringMatching(/^[A-Za-z0-9 :#./@=+_-]{0,10}$/),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      strings,
      fc.oneof(fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(strings, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      expect(parse(yamlText(plain), { schema: 'failsafe' })).toEqual(texts(plain));
    }),
    { numRuns: 500 },
  );
});
