import { describe, expect, test } from 'vitest';
import {
  AUTHORIZER_TYPE,
  type AuthorizationAnswer,
  type AuthorizationLookup,
  newAuthorizer,
  PendingCheck,
  questionKey,
} from './authorizer.ts';
import { estimateCost } from './cost.ts';
import { fromJson } from './json-values.ts';
import { kubernetesEnvironment } from './kubernetes.ts';
import { compile, type Program } from './program.ts';
import { DYN, INT, listOf, mapOf, STRING } from './types.ts';
import { CelDouble, CelError, CelList, CelOptional, CelUint, display, type Value } from './values.ts';

const env = kubernetesEnvironment.extend({
  variables: {
    x: INT,
    s: STRING,
    d: DYN,
    l: listOf(INT),
    ls: listOf(STRING),
    mi: mapOf(STRING, INT),
    authorizer: AUTHORIZER_TYPE,
  },
});
const inputs: Readonly<Record<string, Value>> = {
  x: 7,
  s: 'hello',
  d: fromJson({ a: 1, b: [1, 'two', 3.5], c: { d: 'e' }, n: null }),
  l: fromJson([3, 1, 2]),
  ls: fromJson(['b', 'a', 'c']),
  mi: fromJson({ one: 1, two: 2 }),
};

function program(text: string): Program {
  const compiled = compile(text, env);
  if ('issues' in compiled) throw new Error(compiled.issues);
  return compiled.program;
}
const run = (text: string) => program(text).evaluate((name) => inputs[name]);
const shown = (value: Value): string => {
  if (value instanceof CelOptional) return value.value === undefined ? 'none' : `optional(${shown(value.value)})`;
  if (value instanceof CelList) return `[${Array.from(value, shown).join(', ')}]`;
  if (value instanceof CelUint) return `${value.value}u`;
  if (value instanceof CelDouble) return `double ${value.value}`;
  return value instanceof CelError ? `error: ${value.message}` : display(value);
};

// Values and costs are those of cel-go v0.26 in the environment of Kubernetes v1.36.
describe('evaluation', () => {
  test.each([
    ['d.c.d', 'e', 3],
    ['has(d.c.d)', 'true', 2],
    ['has(d.zz)', 'false', 1],
    ['d.zz', 'error: no such key: zz', 2],
    ['x > 5 ? s : "small"', 'hello', 2],
    ['l[x - 7]', '3', 4],
    ['l[9]', 'error: index out of bounds: 9', 2],
    ['mi["one"]', '1', 2],
    ['x in [1, 2, 3]', 'false', 1],
    ['x in l', 'false', 5],
    ['l.map(e, e + 1)', '[4, 2, 3]', 44],
    ['l.filter(e, e > 1)', '[3, 2]', 34],
    ['l.exists(e, e > 1)', 'true', 11],
    ['l.all(i, e, e > 1)', 'false', 14],
    ['d.?zz.orValue(3)', '3', 1],
    ['d.?a.orValue(3)', '1', 2],
    ['d.?c.?d', 'optional(e)', 3],
    ['s.matches("he.*")', 'true', 2],
    ['1 / 0', 'error: division by zero', 1],
    ['9223372036854775807 + 1', 'error: integer overflow', 1],
    ['0u - 1u', 'error: unsigned integer overflow', 1],
    ['false && d.zz', 'false', 0],
    ['"%s: %.2f".format([s, 2.5])', 'hello: 2.50', 12],
  ])('%s is %s, for %d', (text, value, cost) => {
    const result = run(text);
    expect(shown(result.value)).toBe(value);
    if (!value.startsWith('error')) expect(result.cost).toBe(cost);
  });

  test('an error on one side does not hide what decides', () => {
    expect(run('d.zz || true').value).toBe(true);
    expect(shown(run('d.zz || false').value)).toBe('error: no such key: zz');
  });

  test('ends at the limit of cost', () => {
    const { value } = program('l.map(e, l.map(f, f))').evaluate((name) => inputs[name], { costLimit: 20 });
    expect(shown(value)).toBe('error: operation cancelled: actual cost limit exceeded');
  });

  test('ends when it is no longer wanted', () => {
    const text = 'lists.range(1000).all(i, i >= 0)';
    const { value } = program(text).evaluate((name) => inputs[name], { signal: AbortSignal.abort() });
    expect(shown(value)).toBe('error: operation interrupted');
  });

  test('asks the authorizer, once for each question', () => {
    const asked: string[] = [];
    const check = "authorizer.group('apps').resource('deployments').check('get')";
    const answers = new Map<string, AuthorizationAnswer>();
    const lookup: AuthorizationLookup = (question) => answers.get(questionKey(question));
    const evaluated = (): Value => {
      const asking = program(`${check}.allowed() && ${check}.reason() == 'because'`);
      for (;;) {
        try {
          return asking.evaluate(() => newAuthorizer(lookup)).value;
        } catch (error) {
          if (!(error instanceof PendingCheck)) throw error;
          const { verb, group, resource } = error.question;
          asked.push(`${verb} ${group}/${resource}`);
          answers.set(questionKey(error.question), { allowed: true, reason: 'because' });
        }
      }
    };
    expect(evaluated()).toBe(true);
    expect(asked).toEqual(['get apps/deployments']);
  });
});

describe('what does not compile', () => {
  test.each([
    [
      'x + "a"',
      "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | x + \"a\"\n | ..^",
    ],
    ['nope.y', "ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope.y\n | ^"],
    ['x.y', "ERROR: <input>:1:2: type 'int' does not support field selection\n | x.y\n | .^"],
    ['[1, "a"]', "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, \"a\"]\n | ....^"],
    ['"a".matches("(")', 'ERROR: <input>:1:13: invalid matches argument\n | "a".matches("(")\n | ............^'],
    ['x y', "ERROR: <input>:1:3: Syntax error: extraneous input 'y' expecting <EOF>\n | x y\n | ..^"],
    ['(x', "ERROR: <input>:1:3: Syntax error: missing ')' at '<EOF>'\n | (x\n | ..^"],
    ['x..y', "ERROR: <input>:1:3: Syntax error: no viable alternative at input '..'\n | x..y\n | ..^"],
    [
      "'ö' + x",
      "ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(string, int)'\n | 'ö' + x\n | .．..^",
    ],
  ])('%s', (text, issues) => {
    expect(compile(text, env)).toEqual({ issues });
  });
});

test('estimates grow with what is known of sizes', () => {
  const ast = program('ls.exists(e, e == s)').ast;
  const size = (path: readonly string[]) => (path.join('.') === 'ls' ? { min: 0, max: 10 } : undefined);
  const unbounded = estimateCost(ast, { size: () => undefined });
  const bounded = estimateCost(ast, { size: (path) => size(path) ?? { min: 0, max: 100 } });
  expect(unbounded.max).toBe(2 ** 64);
  expect(bounded.max).toBeLessThan(200);
});
