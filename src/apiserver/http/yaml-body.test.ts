import { expect, test, vi } from 'vitest';
import { readYaml, readYamlStrictly } from './yaml-body.ts';

test('short texts, JSON, and flow collections', async () => {
  expect(await readYaml('a: [b, 1]\nc: yes')).toEqual({ a: ['b', 1], c: true });
  expect(await readYaml('{"a": "yes", "b": [1]}')).toEqual({ a: 'yes', b: [1] });
  expect(await readYaml('{a: b}')).toEqual({ a: 'b' });
  await expect(readYaml('a: [')).rejects.toThrow('error converting YAML to JSON');
});

test('JSON of a megabyte never comes to the parser of YAML', async () => {
  const parse = vi.spyOn(JSON, 'parse');
  const value = { data: Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key-${i}`, `${i}`])) };
  expect(await readYaml(JSON.stringify(value))).toEqual(value);
  expect(parse).toHaveBeenCalledOnce();
  parse.mockRestore();
});

test('long texts are read beside the event loop, which goes on', async () => {
  const text = Array.from({ length: 20_000 }, (_, i) => `key-${i}: "${i}"`).join('\n');
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const value = await readYaml(text);
  clearInterval(timer);
  expect(Object.keys(value as object)).toHaveLength(20_000);
  expect(turns).toBeGreaterThan(0);
});

test.each([
  ['flow sequences', '['.repeat(60_000)],
  ['flow mappings', '{a: '.repeat(20_000)],
  ['block sequences', `${'- '.repeat(30_000)}x`],
  ['JSON', `${'['.repeat(60_000)}${']'.repeat(60_000)}`],
  ['objects of JSON', `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`],
])('%s without end are refused', async (_, text) => {
  await expect(readYaml(text)).rejects.toThrow('error converting YAML to JSON');
});

test('only so many wait', async () => {
  const text = 'a: "b"\n'.repeat(4_000);
  const all = await Promise.allSettled(Array.from({ length: 10 }, () => readYaml(text)));
  expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(2);
  expect(all[9]).toMatchObject({ reason: { code: 429 } });
});

test('names that a mapping has twice are told by line', async () => {
  expect(await readYamlStrictly('a: 1\nb:\n  c: 1\n  c: 2\na: 3\n')).toEqual({
    value: { a: 3, b: { c: 2 } },
    repeated: ['line 4: key "c" already set in map', 'line 5: key "a" already set in map'],
  });
  expect((await readYamlStrictly('{"a":1,"a":2}')).repeated).toEqual(['line 1: key "a" already set in map']);
  expect((await readYamlStrictly('{"a":1,"b":{"a":2}}')).repeated).toEqual([]);
});
