import type { Container, Pod, ResourceRequirements } from '../api/core/v1.gen.ts';
import { quantityMilliValue, quantityNumber } from '../schema/quantity.ts';
import type { LinuxContainerResources } from './cri/types.ts';
import { type AnyContainer, isSidecar } from './pods/pod.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const milli = (text: string | undefined): number => (text === undefined ? 0 : Number(quantityMilliValue(text)));
const bytes = (text: string | undefined): number => (text === undefined ? 0 : quantityNumber(text));

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function podQos(pod: Pod): QosClass {
  const requirements: readonly ResourceRequirements[] = pod.spec.resources
    ? [pod.spec.resources]
    : [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((c) => c.resources ?? {});
  let any = false;
  let guaranteed = true;
  for (const { requests = {}, limits = {} } of requirements) {
    for (const resource of ['cpu', 'memory'] as const) {
      const value = resource === 'cpu' ? milli : bytes;
      const limit = value(limits[resource]);
      const request = requests[resource] === undefined ? limit : value(requests[resource]);
      if (request > 0 || limit > 0) any = true;
      if (limit === 0 || request !== limit) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Sums over a pod; a limit is absent unless every container has one. CPU in thousandths, memory in bytes. */
export interface PodResources {
  readonly cpuRequest: number;
  readonly memoryRequest: number;
  readonly cpuLimit: number | undefined;
  readonly memoryLimit: number | undefined;
}

/**
 * What a pod needs as a whole: its containers and sidecars together, or its largest init container (with the
 * sidecars before it), plus overhead.
 */
export function podResources(pod: Pod): PodResources {
  const level = pod.spec.resources;
  const total = (kind: 'requests' | 'limits', resource: 'cpu' | 'memory'): number | undefined => {
    const value = resource === 'cpu' ? milli : bytes;
    if (level?.[kind]?.[resource] !== undefined) return value(level[kind][resource]);
    const of = (c: Container) => c.resources?.[kind]?.[resource];
    const init = pod.spec.initContainers ?? [];
    if (kind === 'limits' && [...init, ...pod.spec.containers].some((c) => value(of(c)) === 0)) return undefined;
    let sidecars = 0;
    let largest = 0;
    for (const container of init) {
      largest = Math.max(largest, sidecars + value(of(container)));
      if (isSidecar(container)) sidecars += value(of(container));
    }
    const running = pod.spec.containers.reduce((sum, c) => sum + value(of(c)), sidecars);
    return Math.max(running, largest) + value(pod.spec.overhead?.[resource]);
  };
  return {
    cpuRequest: total('requests', 'cpu') ?? 0,
    memoryRequest: total('requests', 'memory') ?? 0,
    cpuLimit: total('limits', 'cpu'),
    memoryLimit: total('limits', 'memory'),
  };
}

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
/** Microseconds. */
const QUOTA_PERIOD = 100_000;
const MIN_QUOTA = 1_000;

/** Thousandths of a CPU as cpu.shares of cgroups v1. */
export function cpuShares(milliCpu: number): number {
  return Math.min(Math.max(Math.floor((milliCpu * 1024) / 1000), MIN_SHARES), MAX_SHARES);
}

/** Thousandths of a CPU as microseconds of CPU time in each period of `QUOTA_PERIOD`. */
export function cpuQuota(milliCpu: number): { readonly quota: number; readonly period: number } {
  return { quota: Math.max((milliCpu * QUOTA_PERIOD) / 1000, MIN_QUOTA), period: QUOTA_PERIOD };
}

const CRITICAL_PRIORITY = 2_000_000_000;
const GUARANTEED_ADJUSTMENT = -997;

/** How eagerly the kernel ends the container's processes when memory runs out: -1000 never, 1000 first. */
export function oomScoreAdjustment(pod: Pod, container: AnyContainer, memoryCapacity: number): number {
  if ((pod.spec.priority ?? 0) >= CRITICAL_PRIORITY) return GUARANTEED_ADJUSTMENT;
  const qos = podQos(pod);
  if (qos === 'Guaranteed') return GUARANTEED_ADJUSTMENT;
  if (qos === 'BestEffort') return 1000;
  const request = bytes(container.resources?.requests?.memory);
  const adjustment = 1000 - Math.floor((1000 * request) / memoryCapacity);
  if (adjustment < 1000 + GUARANTEED_ADJUSTMENT) return 1000 + GUARANTEED_ADJUSTMENT;
  return adjustment === 1000 ? 999 : adjustment;
}

/** `memoryCapacity` is the node's, in bytes. */
export function containerResources(pod: Pod, container: AnyContainer, memoryCapacity: number): LinuxContainerResources {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const cpuLimit = milli(limits.cpu);
  const request = requests.cpu === undefined && cpuLimit > 0 ? cpuLimit : milli(requests.cpu);
  const memoryLimit = bytes(limits.memory);
  const { quota, period } = cpuQuota(cpuLimit);
  return {
    cpuShares: cpuShares(request),
    ...(cpuLimit > 0 && { cpuQuota: quota, cpuPeriod: period }),
    ...(memoryLimit > 0 && { memoryLimitInBytes: memoryLimit }),
    oomScoreAdj: oomScoreAdjustment(pod, container, memoryCapacity),
  };
}
