import { expect, it } from 'vitest';
import { parseYaml } from './yaml.ts';

it.each(['loop: &l\n  me: *l\n', '&a [1, &b [*a]]', 'a: &l {b: [&m {c: *l}]}'])('%j contains itself', (text) => {
  expect(() => parseYaml(text)).toThrow(/^error converting YAML to JSON: yaml: anchor '[al]' value contains itself$/);
});

it('an anchor may be named again, and used where it is not', () => {
  expect(parseYaml('a: &l {x: 1}\nb: &l {z: 2}\nc: *l\n').value).toEqual({ a: { x: 1 }, b: { z: 2 }, c: { z: 2 } });
  expect(parseYaml('a: &l {x: 1}\nb: [*l, *l]\n').value).toEqual({ a: { x: 1 }, b: [{ x: 1 }, { x: 1 }] });
});
