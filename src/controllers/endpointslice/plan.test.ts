import { expect, test } from 'vitest';
import type { Service } from '../../api/core/v1.gen.ts';
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1.gen.ts';
import { MAX_ENDPOINTS, planSlices, sliceLabels } from './plan.ts';

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'web',
    namespace: 'test',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: { clusterIP: '10.96.0.7', selector: { app: 'web' } },
  status: { loadBalancer: {} },
};
const ports = [{ name: '', protocol: 'TCP' as const, port: 80 }];
const endpoint = (name: string, ready = true): Endpoint => ({
  addresses: [`ip-${name}`],
  conditions: { ready },
  targetRef: { kind: 'Pod', namespace: 'test', name, uid: name },
});
const many = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => endpoint(`p${from + i}`));
const slice = (name: string, endpoints: readonly Endpoint[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    ...service.metadata,
    name,
    uid: name,
    labels: sliceLabels(service),
    ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'u' }],
  },
  addressType: 'IPv4',
  endpoints,
  ports,
});
/** "create 3; update a 2; remove b" */
function plan(existing: EndpointSlice[], endpoints: readonly Endpoint[]): string {
  const { create, update, remove } = planSlices(service, 'IPv4', existing, [{ ports, endpoints }]);
  return [
    ...create.map((made) => `create ${made.endpoints?.length}`),
    ...update.map((changed) => `update ${changed.metadata.name} ${changed.endpoints?.length}`),
    ...remove.map((gone) => `remove ${gone.metadata.name}`),
  ].join('; ');
}

test('packs endpoints into slices of at most a hundred', () => {
  expect(MAX_ENDPOINTS).toBe(100);
  expect(plan([], many(0, 250))).toBe('create 100; create 100; create 50');
});

test('writes nothing when nothing changed, in whatever order endpoints come', () => {
  expect(plan([slice('a', many(0, 3))], many(0, 3).reverse())).toBe('');
});

test('new endpoints go into a slice that changes anyway before one that does not', () => {
  const existing = [slice('a', many(0, 90)), slice('b', many(100, 105))];
  expect(plan(existing, [...many(0, 90), ...many(101, 105), ...many(200, 203)])).toBe('update b 7');
});

test('otherwise into the fullest slice that has room for all of them', () => {
  const existing = [slice('a', many(0, 98)), slice('b', many(100, 190)), slice('c', many(200, 210))];
  const kept = existing.flatMap(({ endpoints = [] }) => endpoints);
  expect(plan(existing, [...kept, ...many(300, 305)])).toBe('update b 95');
  expect(plan(existing.slice(0, 1), [...many(0, 98), ...many(300, 305)])).toBe('create 5');
});

test('removes slices that become empty, all but the last, which becomes the placeholder', () => {
  const existing = [slice('a', many(0, 2)), slice('b', many(2, 4))];
  expect(plan(existing, many(0, 2))).toBe('remove b');
  expect(plan(existing, [])).toBe('update a 0; remove b');
});

test('reuses a slice for other ports rather than remove it and make another', () => {
  const existing = [slice('a', many(0, 2))];
  const groups = [{ ports: [{ ...ports[0], port: 81 }], endpoints: many(0, 2) }];
  const { create, update, remove } = planSlices(service, 'IPv4', existing, groups);
  expect([create, remove]).toEqual([[], []]);
  expect(update.map((changed) => [changed.metadata.name, changed.ports?.[0]?.port])).toEqual([['a', 81]]);
});

test('does not touch a slice of an earlier Service of the same name but to remove it', () => {
  const old = { ...slice('a', many(0, 2)), metadata: { ...slice('a', []).metadata, ownerReferences: [] } };
  expect(plan([old], many(0, 2))).toBe('create 2; remove a');
});
