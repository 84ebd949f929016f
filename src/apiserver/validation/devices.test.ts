import { expect, test } from 'vitest';
import type { ResourceClaim, ResourceSlice } from '../../api/resource/v1.gen.ts';
import { validateResourceClaim } from './resource-claims.ts';
import { validateResourceSlice } from './resource-slices.ts';

const metadata = { uid: '', resourceVersion: '', creationTimestamp: '' };
const claim = (devices: ResourceClaim['spec']['devices']): ResourceClaim => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaim',
  metadata: { ...metadata, name: 'c', namespace: 'n' },
  spec: { devices },
  status: {},
});
const selecting = (expression: string) =>
  claim({
    requests: [
      {
        name: 'r',
        exactly: { deviceClassName: 'c', allocationMode: 'ExactCount', count: 1, selectors: [{ cel: { expression } }] },
      },
    ],
  });
const AT = 'spec.devices.requests[0].exactly.selectors[0].cel.expression';

// Recorded from a Kubernetes v1.36 API server.
test.each([
  ["device.driver == 'a' && device.attributes['a.b'].c", undefined],
  ['cel.bind(x, 1, x == 1)', undefined],
  ['device.driver', 'Invalid value: "device.driver": must evaluate to bool or the unknown type, not string'],
  [
    'device.attributes["a"].all(k, device.attributes["a"].all(l, device.attributes["a"].all(m, k.matches(l + m))))',
    'Forbidden: too complex, exceeds cost limit',
  ],
])('selector %s', (expression, body) => {
  const found = validateResourceClaim(selecting(expression)).map((error) => [error.field, error.body]);
  expect(found).toEqual(body === undefined ? [] : [[AT, body]]);
});

test('a reference names a request, or an alternative of one', () => {
  const requests = [
    { name: 'q', firstAvailable: [{ name: 's', deviceClassName: 'c', allocationMode: 'All' as const }] },
  ];
  const constraint = (name: string) =>
    validateResourceClaim(claim({ requests, constraints: [{ requests: [name], matchAttribute: 'a.b/c' }] }));
  expect(constraint('q/s')).toEqual([]);
  expect(constraint('q')).toEqual([]);
  expect(constraint('q/t')).toHaveLength(1);
});

test('a capacity that is shared is asked for in steps', () => {
  const slice = (max: string): ResourceSlice => ({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { ...metadata, name: 's' },
    spec: {
      driver: 'd.x',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      allNodes: true,
      devices: [
        {
          name: 'd',
          allowMultipleAllocations: true,
          capacity: { m: { value: '8', requestPolicy: { default: '2', validRange: { min: '2', max, step: '2' } } } },
        },
      ],
    },
  });
  expect(validateResourceSlice(slice('8'))).toEqual([]);
  expect(validateResourceSlice(slice('7')).map((error) => error.body)).toEqual([
    'Invalid value: "7": value is not a multiple of a given step (2) from (2)',
  ]);
});
