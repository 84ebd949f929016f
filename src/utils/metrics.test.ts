import { expect, test } from 'vitest';
import { Histogram, labelText, Values } from './metrics.ts';

const lines = (family: { render(lines: string[]): void }): string[] => {
  const all: string[] = [];
  family.render(all);
  return all;
};

test('counts by labels, quoted', () => {
  const values = new Values('counter', 'things_total', 'Things.');
  expect(lines(values)).toEqual([]);
  values.add(labelText({ a: 'x"y\n', b: 1 }));
  values.add('', 2);
  expect(lines(values)).toEqual([
    '# HELP things_total Things.',
    '# TYPE things_total counter',
    'things_total{a="x\\"y\\n",b="1"} 1',
    'things_total 2',
  ]);
});

test('ranges count what is in those below too', () => {
  const histogram = new Histogram('t_seconds', 'Times.', [1, 2]);
  for (const value of [0.5, 1, 1.5, 7]) histogram.observe('k="v"', value);
  expect(lines(histogram).slice(2)).toEqual([
    't_seconds_bucket{k="v",le="1"} 2',
    't_seconds_bucket{k="v",le="2"} 3',
    't_seconds_bucket{k="v",le="+Inf"} 4',
    't_seconds_sum{k="v"} 10',
    't_seconds_count{k="v"} 4',
  ]);
});

test('series are bounded', () => {
  const values = new Values('gauge', 'g', 'G.');
  for (let i = 0; i < 20_000; i++) values.set(`i="${i}"`, i);
  expect(lines(values).length).toBe(10_002);
});
