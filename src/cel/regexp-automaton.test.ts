import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileRegExp, LinearRegExp } from './regexp.ts';
import { RegExpAutomaton } from './regexp-automaton.ts';
import { parseRegExp } from './regexp-parser.ts';
import { compileProgram } from './regexp-program.ts';

const automatonOf = (pattern: string) => new RegExpAutomaton(compileProgram(parseRegExp(pattern)));

function linear(pattern: string): LinearRegExp {
  const made = compileRegExp(pattern);
  if (!(made instanceof LinearRegExp)) throw new Error(made.message);
  return made;
}

const common = ['a', 'b', 'é', '.', '[ab]', '[^a]', '[a-z0-9_]', '\\w', '\\D', '^', '$', '\\b', '\\B'];
const re2 = ['\\A', '\\z', '(?i)', '(?s)', '(?m)', '(?i:k)', '(?m:^)', '(?m:$)', '[[:alpha:]]', '\\pL', '\\x{1F600}'];
const repeats = ['', '', '', '*', '+', '?', '*?', '{2}', '{0,3}', '{2,}'];

/** Patterns of these atoms. */
const patternOf = (atoms: readonly string[]): fc.Arbitrary<string> => {
  const isAssertion = (atom: string) => /^(?:\^|\$|\\[bBAz]|\(\?[ims]\))$/.test(atom);
  return fc.letrec<{ node: string; atom: string }>((tie) => ({
    atom: fc
      .tuple(fc.constantFrom(...atoms), fc.constantFrom(...repeats))
      .map(([atom, repeat]) => (isAssertion(atom) ? atom : atom + repeat)),
    node: fc.oneof(
      { maxDepth: 3 },
      tie('atom'),
      fc.array(tie('node'), { maxLength: 4 }).map((parts) => parts.join('')),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
      fc.tuple(tie('node'), fc.constantFrom('*', '+', '?', '{0,2}')).map(([of, repeat]) => `(${of})${repeat}`),
    ),
  })).node;
};
const texts = fc
  .array(fc.constantFrom('a', 'b', 'A', 'K', 'k', '\u212a', '1', '_', ' ', '\n', 'é', '😀', '\ud800', '-'), {
    maxLength: 14,
  })
  .map((chars) => chars.join(''));

describe('the automaton', () => {
  test('matches what the machine matches that follows every thread', () => {
    fc.assert(
      fc.property(patternOf([...common, ...re2]), fc.array(texts, { maxLength: 4 }), (pattern, several) => {
        const regexp = linear(pattern);
        for (const text of several) expect(automatonOf(pattern).test(text)).toBe(regexp.simulate(text));
        // And what one text has taught it holds for the next.
        for (const text of several) expect(regexp.test(text)).toBe(regexp.simulate(text));
      }),
      { numRuns: 500 },
    );
  });

  test('matches what JavaScript matches, where both mean the same', () => {
    fc.assert(
      fc.property(patternOf(common), texts, (pattern, text) => {
        // Only a newline is no dot in RE2, four characters are none in JavaScript; texts have no other of those.
        expect(automatonOf(pattern).test(text)).toBe(new RegExp(pattern, 'u').test(text));
      }),
      { numRuns: 500 },
    );
  });

  test('takes few steps where backtracking never ends', () => {
    const n = 30;
    const cases = [
      [`^${'a?'.repeat(n)}${'a'.repeat(n)}$`, `${'a'.repeat(2 * n)}!`],
      ['^a{0,99}a{0,99}a{0,99}a{0,99}b$', 'a'.repeat(5_000)],
      ['^(a+)+$', `${'a'.repeat(20_000)}!`],
      ['^(a|aa)*$', `${'a'.repeat(20_000)}!`],
    ] as const;
    for (const [pattern, text] of cases) {
      const automaton = automatonOf(pattern);
      expect(automaton.test(text)).toBe(false);
      // States are made once, whatever the length of the text: as many as there are counts at most.
      expect(automaton.size).toBeLessThan(500);
      expect(automaton.work).toBeLessThan(1_000_000);
      const { work } = automaton;
      expect(automaton.test(text)).toBe(false);
      expect(automaton.work).toBe(work);
    }
  });

  test('gives up on a pattern of ever more states, within bounds', () => {
    const pattern = '^[ab]*a[ab]{40}c$';
    let seed = 1;
    const text = Array.from({ length: 10_000 }, () => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed % 65536 < 32768 ? 'a' : 'b';
    }).join('');
    const automaton = automatonOf(pattern);
    expect(automaton.test(text)).toBeUndefined();
    expect(automaton.size).toBeLessThanOrEqual(2_000);
    expect(automaton.work).toBeLessThan(2_000_000);
    expect(linear(pattern).test(`${text}a${'b'.repeat(40)}c`)).toBe(true);
    expect(linear(pattern).test(`${text}b${'b'.repeat(40)}c`)).toBe(false);
  });

  test('remembers a bounded number of characters', () => {
    const automaton = automatonOf('^[^\\x{3000}]*$');
    const all = Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x3001 + i)).join('');
    expect(automaton.test(all)).toBe(true);
    expect(automaton.test(`${all}\u3000`)).toBe(false);
    expect(automaton.size).toBeLessThan(10);
  });
});
