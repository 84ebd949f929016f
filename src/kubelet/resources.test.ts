import { describe, expect, it } from 'vitest';
import type { ResourceRequirements } from '../api/core/v1.gen.ts';
import { qosClass } from '../api/pod-qos.ts';
import { container, pod } from './pods/fixtures.ts';
import { containerResources, cpuShares, oomScoreAdjustment, podResources } from './resources.ts';

const GIB = 1024 ** 3;
const needs = (name: string, resources: ResourceRequirements, more = {}) => container(name, { resources, ...more });
const full = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } };

describe('quality of service', () => {
  it.each<[string, ResourceRequirements[], string]>([
    ['nothing asked', [{}], 'BestEffort'],
    ['zero is nothing', [{ requests: { cpu: '0' } }], 'BestEffort'],
    ['equal in other words', [{ requests: { cpu: '1000m', memory: '1024Mi' }, limits: full.limits }], 'Guaranteed'],
    ['one of two', [full, {}], 'Burstable'],
    ['CPU alone', [{ requests: { cpu: '1' }, limits: { cpu: '1' } }], 'Burstable'],
    ['less than the limit', [{ ...full, requests: { cpu: '500m' } }], 'Burstable'],
  ])('%s: %#', (_, list, expected) => {
    expect(qosClass(pod({ containers: list.map((r, i) => needs(`c${i}`, r)) }).spec)).toBe(expected);
  });
});

it('sums containers and sidecars, or takes the largest init container', () => {
  const p = pod({
    initContainers: [
      needs('side', { requests: { cpu: '100m' } }, { restartPolicy: 'Always' }),
      needs('big', { requests: { cpu: '2', memory: '64Mi' } }),
    ],
    containers: [needs('a', { requests: { cpu: '500m', memory: '1Gi' } }), needs('b', { requests: { cpu: '500m' } })],
    overhead: { cpu: '10m' },
  });
  expect(podResources(p)).toEqual({
    cpuRequest: 2110,
    memoryRequest: GIB,
    cpuLimit: undefined,
    memoryLimit: undefined,
  });
  expect(podResources(pod({ containers: [needs('a', full), needs('b', full)] }))).toMatchObject({
    cpuLimit: 2000,
    memoryLimit: 2 * GIB,
  });
});

it.each([
  [0, 2],
  [1, 2],
  [100, 102],
  [1000, 1024],
  [1_000_000, 262_144],
])('%d thousandths of a CPU are %d shares', (milli, shares) => expect(cpuShares(milli)).toBe(shares));

it('turns limits into quotas and requests into shares', () => {
  const c = needs('a', { requests: { cpu: '100m' }, limits: { cpu: '500m', memory: '64Mi' } });
  expect(containerResources(pod({ containers: [c] }), c, 4 * GIB)).toEqual({
    cpuShares: 102,
    cpuQuota: 50_000,
    cpuPeriod: 100_000,
    memoryLimitInBytes: 64 * 1024 * 1024,
    oomScoreAdj: 999,
  });
});

it.each<[string, ResourceRequirements, number | undefined, number]>([
  ['guaranteed', full, undefined, -997],
  ['best effort', {}, undefined, 1000],
  ['critical', {}, 2_000_000_000, -997],
  ['half of the memory', { requests: { memory: '2Gi' } }, undefined, 500],
  ['all of the memory', { requests: { memory: '4Gi' } }, undefined, 3],
])('how soon the kernel kills it: %s', (_, resources, priority, expected) => {
  const c = needs('a', resources);
  expect(oomScoreAdjustment(pod({ containers: [c], priority }), c, 4 * GIB)).toBe(expected);
});
