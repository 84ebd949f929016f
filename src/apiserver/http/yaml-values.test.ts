import { expect, test } from 'vitest';
import { parseYaml } from './yaml.ts';

// What a v1.36 API server makes of each text.
test.each<[string, unknown]>([
  ['[yes, No, y, N, on, OFF, tRue]', [true, false, true, false, true, false, 'tRue']],
  ['[~, null, Null, nUll, ""]', [null, null, null, 'nUll', '']],
  ['[01, 08, 0o17, 0x1F, 0b101, -0b101, +12, 1_000, _1]', [1, 8, 15, 31, 5, -5, 12, 1000, '_1']],
  ['[1., .5, 1e3, 1e400, .e1, 0x, 1a]', [1, 0.5, 1000, '1e400', '.e1', '0x', '1a']],
  ['[190:20:30, 2001-01-01, 12:30:45.5]', ['190:20:30', '2001-01-01', '12:30:45.5']],
  ['[!!int "1", !!str 1, !!float 1, !!binary YQ==, ! 12, !foo 1]', [1, '1', 1, 'a', '12', '1']],
  ["[\"a\\tb\\x41\\u00e9\\U0001F600\", 'it''s']", ['a\tbAé😀', "it's"]],
  ['{1: a, 1.5: b, yes: c, 1e30: d, .inf: e}', { 1: 'a', 1.5: 'b', true: 'c', '1e+30': 'd', '.inf': 'e' }],
  ['[a: b, ? c, "d":e]', [{ a: 'b' }, { c: null }, { d: 'e' }]],
  ['{a:b, c, d: }', { 'a:b': null, c: null, d: null }],
  ['a: |\n  x\n   y\n\nb: >-\n  x\n  y\n\n  z\n', { a: 'x\n y\n', b: 'x y\nz' }],
  ['a: x\n  y\n\n  z\nb: "x\n  y"\n', { a: 'x y\nz', b: 'x y' }],
  ['a:\n- 1\n- - 2\n  - b: 3\n    c: 4\n', { a: [1, [2, { b: 3, c: 4 }]] }],
  ['x: &x {a: 1}\nw: {<<: *x, b: 2}\nz: {<<: [{a: 3}, *x]}', { x: { a: 1 }, w: { a: 1, b: 2 }, z: { a: 3 } }],
  ['%YAML 1.1\n%TAG !e! tag:yaml.org,2002:\n--- !e!str 1\n...\n[', '1'],
  ['\ufeffa: 1\r\nb: 2\r\n---\n[', { a: 1, b: 2 }],
  ['', null],
])('%j', (text, value) => {
  expect(parseYaml(text).value).toEqual(value);
});

test('names that mean something to JavaScript are names', () => {
  const { value } = parseYaml('__proto__: {a: 1}\nconstructor: 2\n');
  expect(Object.entries(value as object)).toEqual([
    ['__proto__', { a: 1 }],
    ['constructor', 2],
  ]);
});

test.each([
  ['!!int x', 'yaml: cannot decode !!str `x` as a !!int'],
  ['!!binary Y', 'yaml: !!binary value contains invalid base64 data'],
  ['*nope', "yaml: unknown anchor 'nope' referenced"],
  ['{[a]: b}', 'yaml: invalid map key: []interface {}{"a"}'],
  ['{{1: a}: b}', 'yaml: invalid map key: map[interface {}]interface {}{1:"a"}'],
  ['{<<: x}', 'yaml: map merge requires map or sequence of maps as the value'],
  ['{~: a}', 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "a"'],
  ['{18446744073709551615: 1}', 'unsupported map key of type: uint64, key: 0xffffffffffffffff, value: 1'],
  ['.nan', 'json: unsupported value: NaN'],
  ['a\u0007', 'yaml: control characters are not allowed'],
  ['%YAML 1.2\n---\n', 'yaml: found incompatible YAML document'],
  ['%FOO\n', 'yaml: found unknown directive name'],
  ['!x!y z', 'yaml: found undefined tag handle'],
  ['...', 'yaml: did not find expected node content'],
  ['[?]', "yaml: line 1: did not find expected ',' or ']'"],
])('%j: %s', (text, why) => {
  expect(() => parseYaml(text)).toThrow(`error converting YAML to JSON: ${why}`);
});

test.each([
  ['[', ']'],
  ['{a: ', '}'],
])('what is deeper than any object is refused: %j', (open, close) => {
  const nested = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`;
  expect(() => parseYaml(nested(999))).not.toThrow();
  expect(() => parseYaml(nested(1001))).toThrow('yaml: exceeded max depth');
  expect(() => parseYaml(open.repeat(10_001))).toThrow('yaml: exceeded max depth');
});

test('aliases may not be nearly all of it', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let n = 1; n < 9; n++)
    lines.push(
      `a${n}: &a${n} [${Array(9)
        .fill(`*a${n - 1}`)
        .join(', ')}]`,
    );
  expect(() => parseYaml(lines.join('\n'))).toThrow('yaml: document contains excessive aliasing');
});
