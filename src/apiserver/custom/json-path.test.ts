import { expect, test } from 'vitest';
import { parseJsonPath } from './json-path.ts';

const object = {
  metadata: { labels: { app: 'web', 'x.y/z': 'w' } },
  spec: { tags: ['a', 'b', 'c'], size: 'M', items: [{ n: 1 }, { n: 2 }] },
  status: { conditions: [{ type: 'A' }, { type: 'Ready', status: 'True' }] },
};

test.each([
  ['.spec.size', ['M']],
  ['.spec.nope.deeper', []],
  ['.spec.tags[0]', ['a']],
  ['.spec.tags[-1:]', ['c']],
  ['.spec.tags[1:]', ['b', 'c']],
  ['.spec.tags[*]', ['a', 'b', 'c']],
  ['.spec.tags[9]', []],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  ['.spec.items[?(@.n>1)].n', [2]],
  [".metadata.labels['x\\.y/z']", ['w']],
  ['.metadata.labels.x\\.y/z', ['w']],
  ['..n', [1, 2]],
  ['.constructor', []],
])('%s', (path, found) => {
  expect(parseJsonPath(path)?.(object)).toEqual(found);
});

test('what is no path is told', () => {
  expect(parseJsonPath('.a[')).toBeUndefined();
  expect(parseJsonPath('.a[?(@.b=~"x")]')).toBeUndefined();
});
