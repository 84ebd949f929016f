import { expect, test } from 'vitest';
import { parseYaml } from './yaml.ts';

// What a v1.36 API server answers to each text.
test.each([
  ['a: b: c\n', 'mapping values are not allowed in this context'],
  ['a: 1\n b: 2\n', 'line 2: mapping values are not allowed in this context'],
  ['a:\n- b\n c: d\n', 'line 3: mapping values are not allowed in this context'],
  ['a:\n\tb: c\n', 'line 2: found character that cannot start any token'],
  ['a: @x\n', 'found character that cannot start any token'],
  ['apiVersion: v1\nkind ConfigMap\nmetadata:\n  name: a\n', "line 3: could not find expected ':'"],
  ['{"a"', "line 1: did not find expected ',' or '}'"],
  ['[1,2', "line 1: did not find expected ',' or ']'"],
  ['a: [1, 2\nb: 3\n', "line 1: did not find expected ',' or ']'"],
  ['a: "x\n', 'line 2: found unexpected end of stream'],
  ['- a\nb: c\n', "line 1: did not find expected '-' indicator"],
  ['a: b\n- c\n', 'line 1: did not find expected key'],
  ['metadata:\n  name: x\n labels: {}\n', 'line 2: did not find expected key'],
  ['x: "\\q"\n', 'found unknown escape character'],
  ['x: "\\x"\n', 'did not find expected hexdecimal number'],
  ['{', 'line 1: did not find expected node content'],
  ['}', 'did not find expected node content'],
])('%j: %s', (text, problem) => {
  expect(() => parseYaml(text)).toThrow(`error converting YAML to JSON: yaml: ${problem}`);
});
