import { expect, test } from 'vitest';
import type { Node } from '../../api/core/v1.gen.ts';
import { stateOf, Zones } from './zones.ts';

const node = (name: string, ready: boolean, zone = 'z') =>
  ({
    metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }) as unknown as Node; // nothing else of a node is looked at

test.each([
  [1, 0, 'Normal'],
  [0, 1, 'FullDisruption'],
  [0, 0, 'Normal'],
  [1, 2, 'Normal'],
  [1, 3, 'PartialDisruption'],
  [3, 3, 'Normal'],
  [45, 55, 'PartialDisruption'],
])('%i ready and %i not: %s', (ready, notReady, state) => {
  expect(stateOf({ ready, notReady })).toBe(state);
});

test('tells when a state changes', () => {
  const zones = new Zones();
  expect(zones.set(node('a', false))).toBe(true);
  expect(zones.allDisrupted).toBe(true);
  expect(zones.set(node('b', true))).toBe(true);
  expect(zones.set(node('c', true))).toBe(false);
  expect(zones.delete(node('c', true))).toBe(false);
  expect(zones.delete(node('b', true))).toBe(true);
  expect(zones.allDisrupted).toBe(true);
});

test('a small zone that mostly fails stops evictions, a large one slows them down', () => {
  const small = new Zones();
  const large = new Zones();
  small.set(node('up', true));
  for (let i = 0; i < 3; i++) small.set(node(`n${i}`, false));
  expect(small.reserve(node('n0', false), 0)).toBeUndefined();
  for (let i = 0; i < 40; i++) large.set(node(`up${i}`, true));
  for (let i = 0; i < 60; i++) large.set(node(`n${i}`, false));
  expect(large.reserve(node('n0', false), 0)).toBe(0);
  expect(large.reserve(node('n1', false), 0)).toBe(100_000);
});

test('a zone that fails as a whole is evicted at the ordinary rate while another stands', () => {
  const zones = new Zones();
  zones.set(node('a', true, 'x'));
  zones.set(node('b', false, 'y'));
  expect(zones.reserve(node('b', false, 'y'), 0)).toBe(0);
  expect(zones.reserve(node('b', false, 'y'), 1000)).toBe(9000);
  zones.set(node('a', false, 'x'));
  expect(zones.reserve(node('b', false, 'y'), 20_000)).toBeUndefined();
});
