import { describe, expect, test } from 'vitest';
import { fromJson } from './json-values.ts';
import { kubernetesEnvironment } from './kubernetes.ts';
import { compile, type Program } from './program.ts';
import { DYN, INT, listOf, STRING } from './types.ts';
import { display, type Value } from './values.ts';

const env = kubernetesEnvironment.extend({
  variables: { self: DYN, words: listOf(STRING), ints: listOf(INT) },
});
const words = Array.from({ length: 40 }, (_, i) => `word-${i}`);
const ints = Array.from({ length: 40 }, (_, i) => i);
const self = {
  words,
  ints,
  pairs: words.map((name, i) => ({ name, value: i, more: [{ i }, 'x', null, 1.5] })),
  map: Object.fromEntries(words.map((name, i) => [name, i])),
};
const values: Readonly<Record<string, Value>> = { self: fromJson(self), words: fromJson(words), ints: fromJson(ints) };
const read = (name: string): Value | undefined => values[name];

function programOf(source: string): Program {
  const compiled = compile(source, env);
  if ('issues' in compiled) throw new Error(compiled.issues);
  return compiled.program;
}

describe('an evaluation that stops whenever it can', () => {
  test.each([
    'self.ints.all(x, self.ints.exists(y, y == x))',
    'self.ints.all(x, self.ints.exists_one(y, y == x)) && self.words.all(w, w.startsWith("word"))',
    'ints.map(x, ints.filter(y, y < x).map(z, z * 2)).map(l, l.size()).sum() == 780',
    'words.filter(w, words.exists(v, v == w + "0")).size()',
    'self.map.all(k, self.map[k] >= 0 && self.words.exists(w, w == k))',
    'self.map.transformMap(k, v, ints.filter(i, i < v).size()).all(k, v, v >= 0)',
    '[ints.filter(i, i > 3), ints.filter(i, i > 30)].map(l, l.filter(x, ints.exists(y, y == x)).size())',
    'ints.all(x, x < 30 || ints.all(y, y > x)) || ints.exists(x, ints.exists(y, x * y == 1521))',
    'ints.filter(x, ints.all(y, y >= x)).size() == 1 ? words.map(w, w + "!").join(",") : "none"',
    'ints.all(x, ints.map(y, y / (x - 39)).size() > 0)',
    'ints.all(x, ints.map(y, [y, x].map(z, z + 1)).size() == 40)',
    'self.pairs.all(p, self.pairs.exists_one(q, q.name == p.name && q.more == p.more)) ',
    'ints.sortBy(i, words.filter(w, w.size() > i).size()).size()',
  ])('%s', (source) => {
    const program = programOf(source);
    const whole = program.evaluate(read);
    const execution = program.begin(read);
    let steps = 1;
    let done = execution.advance(0);
    for (; !done && steps < 100_000; steps++) done = execution.advance(0);
    expect(done && { ...done, value: display(done.value) }).toEqual({ ...whole, value: display(whole.value) });
    expect(steps).toBeGreaterThan(2);
  });

  test('goes over its limit where it would have without', () => {
    const program = programOf('ints.all(x, ints.all(y, ints.all(z, x + y + z >= 0)))');
    const whole = program.evaluate(read, { costLimit: 5_000 });
    const execution = program.begin(read, { costLimit: 5_000 });
    let done = execution.advance(0);
    while (!done) done = execution.advance(0);
    expect(done).toEqual(whole);
    expect(display(done.value)).toBe('operation cancelled: actual cost limit exceeded');
  });
});

describe('looking for elements', () => {
  test.each([
    ['self.words.all(w, w in self.words)', true],
    ['self.words.exists(w, (w + "!") in self.words)', false],
    ['self.pairs.all(p, p in self.pairs)', true],
    ['self.pairs.exists(p, p.more in self.pairs)', false],
    ['self.ints.all(i, double(i) in self.ints && uint(i) in self.ints)', true],
    ['self.ints.exists(i, (double(i) + 0.5) in self.ints)', false],
    ['[dyn(ints.map(i, double("NaN")))].exists(l, ints.exists(i, double("NaN") in l))', false],
    ['[dyn(words.map(w, quantity("1Gi")))].all(l, words.all(w, quantity("1024Mi") in l))', true],
    ['[dyn(words.map(w, "[" + w))].exists(l, words.exists(w, [w] in l))', false],
    [
      '[dyn(words.map(w, [dyn(w), dyn(null), dyn(true)]))].all(l, words.all(w, [dyn(w), dyn(null), dyn(true)] in l))',
      true,
    ],
  ])('%s is %s', (source, expected) => {
    expect(programOf(source).evaluate(read).value).toBe(expected);
  });

  test('costs what the list has even if it is not walked', () => {
    const { cost } = programOf('words.all(w, w in words)').evaluate(read);
    expect(cost).toBeGreaterThan(40 * 40);
  });

  test('of two large lists takes no product', () => {
    const many = fromJson(Array.from({ length: 20_000 }, (_, i) => `n${i}`));
    const program = programOf('self.all(w, w in self)');
    const began = process.cpuUsage();
    expect(program.evaluate(() => many).value).toBe(true);
    // Without an index it is 36 s.
    expect(process.cpuUsage(began).user).toBeLessThan(5_000_000);
  });

  test('what would be too costly is refused before it is done', () => {
    const many = fromJson(Array.from({ length: 100_000 }, (_, i) => ({ i })));
    const began = process.cpuUsage();
    for (const source of ['sets.contains(self, self)', 'sets.equivalent(self, self)', 'self.distinct().size() > 0']) {
      expect(display(programOf(source).evaluate(() => many).value)).toBe(
        'operation cancelled: actual cost limit exceeded',
      );
    }
    expect(process.cpuUsage(began).user).toBeLessThan(5_000_000);
  });
});
