import { beforeEach, expect, test } from 'vitest';
import type { KubeObject } from '../../api/resource.ts';
import { FOREGROUND, Graph, identityOf, keyOf, ORPHAN } from './graph.ts';

let kinds: Map<string, boolean>;
let told: string[];
let graph: Graph;
beforeEach(() => {
  kinds = new Map([['ConfigMap', true]]);
  told = [];
  graph = new Graph(
    {
      attemptToDelete: (key) => void told.push(`delete ${key}`),
      attemptToOrphan: (key) => void told.push(`orphan ${key}`),
      absent: (key) => void told.push(`absent ${key}`),
    },
    {
      kind: (_, kind) => {
        const namespaced = kinds.get(kind);
        return namespaced === undefined ? undefined : { namespaced };
      },
      find: () => undefined,
    },
  );
});

const object = (name: string, more: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', uid: name, resourceVersion: '1', creationTimestamp: '', ...more },
});
const owner = (name: string, kind = 'ConfigMap', apiVersion = 'v1') => ({ apiVersion, kind, name, uid: name });
const key = (name: string) => keyOf(identityOf(object(name)));
const take = () => told.splice(0);

test('has no place for objects that nobody refers to', () => {
  graph.observe(object('a'));
  expect(graph.size).toBe(0);
});

test('asks about an owner that it does not know, once, and forgets it with its last dependent', () => {
  graph.observe(object('a', { ownerReferences: [owner('o')] }));
  graph.observe(object('b', { ownerReferences: [owner('o')] }));
  expect(take()).toEqual([`delete ${key('o')}`]);
  expect(graph.get(key('o'))?.virtual).toBe(true);
  graph.observe(object('o'));
  expect(graph.get(key('o'))?.virtual).toBe(false);
  graph.remove(key('a'));
  graph.remove(key('b'));
  expect(graph.size).toBe(0);
});

test('an owner that goes is absent, and its dependents are looked at', () => {
  graph.observe(object('a', { ownerReferences: [owner('o')] }));
  take();
  graph.remove(key('o'));
  expect(take()).toEqual([`absent ${key('o')}`, `delete ${key('a')}`]);
});

test('tells of the start of a deletion that concerns dependents, and only of the start', () => {
  const before = object('o');
  const foreground = object('o', { deletionTimestamp: 'now', finalizers: [FOREGROUND] });
  graph.observe(object('a', { ownerReferences: [owner('o')] }));
  take();
  graph.observe(foreground, before);
  expect(take()).toEqual([`delete ${key('a')}`, `delete ${key('o')}`]);
  graph.observe(foreground, foreground);
  expect(take()).toEqual([]);
  graph.observe(object('p', { deletionTimestamp: 'now', finalizers: [ORPHAN] }), object('p'));
  expect(take()).toEqual([`orphan ${key('p')}`]);
});

test('finds the owners of a kind that is defined later, wherever they live', () => {
  graph.observe(object('a', { ownerReferences: [owner('o', 'Thing', 'example.com/v1')] }));
  take();
  const there = { group: 'example.com', kind: 'Thing', namespace: '', name: 'o', uid: 'o' };
  expect(graph.get(keyOf(there))).toBeUndefined();
  kinds.set('Thing', false);
  graph.kindsChanged();
  expect(graph.get(keyOf(there))?.dependents.size).toBe(1);
  expect(graph.get(keyOf({ ...there, namespace: 'ns' }))).toBeUndefined();
  expect(take()).toContain(`delete ${keyOf(there)}`);
  graph.remove(key('a'));
  expect(graph.size).toBe(0);
});
