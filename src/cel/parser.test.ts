import fc from 'fast-check';
import { expect, test } from 'vitest';
import { check } from './checker.ts';
import { kubernetesEnvironment } from './kubernetes.ts';
import { parse } from './parser.ts';
import { compile } from './program.ts';

const pieces = [
  'x',
  '.',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  '?',
  ':',
  '-',
  '!',
  '1',
  '1u',
  '.5',
  "'a'",
  'in',
  '&&',
  '==',
  'true',
  'has',
  ' ',
  '"',
  '\\',
  '\n',
  '`',
  '@',
  'ö',
];

test('whatever the text, there is a tree or a reason', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((p) => p.join('')),
      ),
      (text) => {
        const parsed = parse(text, kubernetesEnvironment.macros);
        if ('issues' in parsed) expect(parsed.issues.length).toBeGreaterThan(0);
        else check(parsed.ast, kubernetesEnvironment);
      },
    ),
    { numRuns: 500 },
  );
});

test.each(['(', '[', '{1:', '!', '-', 'f(', 'x.y(', 'x ? y : '])('depth is bounded: %s', (open) => {
  expect(compile(open.repeat(20_000), kubernetesEnvironment)).toHaveProperty('issues');
});

test.each(['1+', 'x.', '1<'])('chains are bounded: %s', (link) => {
  expect(compile(`${link.repeat(20_000)}x`, kubernetesEnvironment)).toHaveProperty('issues');
});

test('length is bounded', () => {
  const compiled = compile(' '.repeat(100_001), kubernetesEnvironment);
  expect(compiled).toEqual({
    issues: 'ERROR: <input>:-1:0: expression code point size exceeds limit: size: 100001, limit 100000',
  });
});
