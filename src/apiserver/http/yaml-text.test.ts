import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { yamlText } from './yaml-text.ts';

/** What the library alone would write. */
const reference = (value: unknown): string =>
  stringify(value, {
    version: '1.1',
    lineWidth: 0,
    aliasDuplicateObjects: false,
    sortMapEntries: true,
    defaultStringType: 'PLAIN',
    indentSeq: false,
  });

test.each<unknown>([
  { kind: 'PodList', apiVersion: 'v1', items: [], metadata: { resourceVersion: '12' } },
  { a: [{ b: [1, [2, [3]], {}], c: 'x' }, [], [[]], [{ a: 1, b: { c: [] } }]], z: null },
  { time: '2026-11-21T05:05:38Z', yes: 'no', on: 'off', '1': '1e3', '~': '~', '': '', 'a: b': 'a: b', 'a #': ' #' },
  { script: 'a\n  b\n\nc\n', deep: [{ script: '\n leading\ntrailing \n\n', other: ['x\ny', 'tab\there'] }] },
  {
    'multi\nline': { a: ['b'] },
    'key with: colon': [1],
    '<<': 'merge',
    '- dash': '- dash',
    '? q': '? q',
    '0x1': '0x1',
  },
  [
    '100m',
    '1Gi',
    '8080',
    '0',
    '00',
    '1_0',
    '.5',
    '-',
    '--- x',
    '*',
    '&a',
    '!t',
    '%',
    '@',
    '`',
    '{',
    '[',
    'a:',
    'a: ',
    'x ',
  ],
  'text',
  [],
  {},
  null,
  -0,
  1e21,
  0.1,
])('%j', (value) => {
  expect(yamlText(value)).toBe(reference(value));
});

test('any value is written as the library alone would', () => {
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
      fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true, noDefaultInfinity: true })),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(strings, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      expect(yamlText(plain)).toBe(reference(plain));
    }),
    { numRuns: 500 },
  );
});
