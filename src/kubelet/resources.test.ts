import { describe, expect, it } from 'vitest';
import type { PodSpec, ResourceRequirements } from '../api/core/v1.gen.ts';
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

it.each<[string, ResourceRequirements, Partial<PodSpec>, number]>([
  ['guaranteed', full, {}, -997],
  ['best effort', {}, {}, 1000],
  ['critical', {}, { priorityClassName: 'system-node-critical' }, -997],
  ['half of the memory', { requests: { memory: '2Gi' } }, {}, 500],
  ['all of the memory', { requests: { memory: '4Gi' } }, {}, 3],
  ["half of what is the pod's", {}, { resources: { requests: { memory: '2Gi' } } }, 500],
])('how soon the kernel kills it: %s', (_, resources, more, expected) => {
  const c = needs('a', resources);
  expect(oomScoreAdjustment(pod({ containers: [c], ...more }), c, 4 * GIB)).toBe(expected);
});

it('kills a sidecar no sooner than what it serves', () => {
  const side = needs('side', { requests: { memory: '1Gi' } }, { restartPolicy: 'Always' });
  const served = [needs('a', { requests: { memory: '3Gi' } }), needs('b', { requests: { memory: '2Gi' } })];
  expect(oomScoreAdjustment(pod({ initContainers: [side], containers: served }), side, 4 * GIB)).toBe(500);
});

it('gives containers without a limit that of their pod', () => {
  const c = needs('a', { requests: { cpu: '100m' } });
  const whole = pod({ containers: [c], resources: { limits: { cpu: '1', memory: '1Gi' } } });
  expect(containerResources(whole, c, 4 * GIB)).toMatchObject({ cpuQuota: 100_000, memoryLimitInBytes: GIB });
});
