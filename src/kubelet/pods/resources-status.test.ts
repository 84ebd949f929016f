import { describe, expect, it } from 'vitest';
import type { ContainerStatus, ResourceRequirements } from '../../api/core/v1.gen.ts';
import { container, instance, pod } from './fixtures.ts';
import { containerResourcesStatus, podResourcesStatus } from './resources-status.ts';

const granted: ResourceRequirements = {
  requests: { cpu: '200m', memory: '64Mi' },
  limits: { cpu: '400m', memory: '128Mi' },
};
const c = container('c', { resources: granted });
const MIB = 1024 ** 2;

describe("a container's resources", () => {
  const running = (resources: { cpuRequest?: number; cpuLimit?: number; memoryLimit?: number } | undefined) =>
    instance(c, 'running', {
      id: 'x',
      ...(resources && {
        resources: { cpuRequest: undefined, cpuLimit: undefined, memoryLimit: undefined, ...resources },
      }),
    });
  const old = (resources: ResourceRequirements, id = 'x'): ContainerStatus => ({
    name: 'c',
    image: '',
    imageID: '',
    containerID: `containerd://${id}`,
    ready: true,
    restartCount: 0,
    state: { running: {} },
    lastState: {},
    resources,
  });
  const before = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '100m', memory: '32Mi' } };

  it('are what the runtime has', () => {
    const half = running({ cpuRequest: 100, cpuLimit: 250, memoryLimit: 64 * MIB });
    expect(containerResourcesStatus(c, half, undefined)).toEqual({
      allocatedResources: granted.requests,
      resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '250m', memory: '64Mi' } },
    });
  });

  it('are what they were where the runtime does not tell', () => {
    expect(containerResourcesStatus(c, running(undefined), old(before)).resources).toEqual({
      requests: { cpu: '100m', memory: '64Mi' },
      limits: before.limits,
    });
    expect(containerResourcesStatus(c, running(undefined), old(before, 'other')).resources).toEqual(granted);
  });

  it('are those granted while it does not run, and where the kernel knows no less', () => {
    expect(containerResourcesStatus(c, instance(c, 'exited'), old(before)).resources).toEqual(granted);
    const tiny = container('c', { resources: { requests: { cpu: '1m' }, limits: { cpu: '5m' } } });
    const least = containerResourcesStatus(tiny, running({ cpuRequest: 2, cpuLimit: 10 }), undefined);
    expect(least.resources).toEqual({ requests: { cpu: '1m' }, limits: { cpu: '5m' } });
  });
});

describe("a pod's resources", () => {
  const p = pod({ containers: [c, container('d', { resources: { requests: { cpu: '100m' } } })] });

  it('are the sums before it runs', () => {
    expect(podResourcesStatus(p, 'Pending', undefined)).toEqual({
      allocatedResources: { cpu: '300m', memory: '64Mi' },
      resources: { requests: { cpu: '300m', memory: '64Mi' }, limits: granted.limits },
    });
  });

  it('are those of its control group when it does', () => {
    const group = { shares: 307, quota: undefined, memory: 128 * MIB };
    expect(podResourcesStatus(p, 'Running', group).resources).toEqual({
      requests: { cpu: '300m', memory: '64Mi' },
      limits: { memory: '128Mi' },
    });
    const none = pod({ containers: [container('c')] });
    expect(podResourcesStatus(none, 'Running', { shares: 2, quota: undefined, memory: undefined })).toEqual({
      resources: {},
    });
  });
});
