import type { Pod } from '../api/core/v1.gen.ts';
import { qosClass } from '../api/pod-qos.ts';
import { containerTotals, podTotals } from '../api/pod-resources.ts';
import { quantityMilliValue, quantityNumber } from '../schema/quantity.ts';
import type { LinuxContainerResources } from './cri/types.ts';
import { type AnyContainer, isSidecar } from './pods/pod.ts';

const milli = (text: string | undefined): number => (text === undefined ? 0 : Number(quantityMilliValue(text)));
const bytes = (text: string | undefined): number => (text === undefined ? 0 : quantityNumber(text));

/** Sums over a pod; a limit is absent unless every container has one. CPU in thousandths, memory in bytes. */
export interface PodResources {
  readonly cpuRequest: number;
  readonly memoryRequest: number;
  readonly cpuLimit: number | undefined;
  readonly memoryLimit: number | undefined;
}

/** What a pod needs as a whole, for its cgroup. */
export function podResources({ spec }: Pod): PodResources {
  const requests = podTotals(spec, 'requests');
  const limits = podTotals(spec, 'limits');
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const isLimited = (resource: 'cpu' | 'memory', value: (text: string | undefined) => number): boolean =>
    spec.resources?.limits?.[resource] !== undefined ||
    containers.every(({ resources }) => value(resources?.limits?.[resource]) > 0);
  return {
    cpuRequest: milli(requests.cpu),
    memoryRequest: bytes(requests.memory),
    cpuLimit: isLimited('cpu', milli) ? milli(limits.cpu) : undefined,
    memoryLimit: isLimited('memory', bytes) ? bytes(limits.memory) : undefined,
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

/** The other way round, as statuses tell it; 0: none. */
export function milliCpuOfShares(shares: number): number {
  return shares >= MIN_SHARES ? Math.ceil((shares * 1000) / 1024) : 0;
}

export function milliCpuOfQuota(quota: number, period: number): number {
  return quota > 0 && period > 0 ? Math.floor((quota * 1000) / period) : 0;
}

const GUARANTEED_ADJUSTMENT = -997;

/**
 * How eagerly the kernel ends the container's processes when memory runs out: -1000 never, 1000 first.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#node-out-of-memory-behavior
 */
export function oomScoreAdjustment(pod: Pod, container: AnyContainer, memoryCapacity: number): number {
  if (pod.spec.priorityClassName === 'system-node-critical') return GUARANTEED_ADJUSTMENT;
  const qos = qosClass(pod.spec);
  if (qos === 'Guaranteed') return GUARANTEED_ADJUSTMENT;
  if (qos === 'BestEffort') return 1000;
  const share = remainingMemory(pod);
  const request = (of: AnyContainer) => bytes(of.resources?.requests?.memory);
  const score = (memory: number) => 1000 - Math.trunc((1000 * (memory + share)) / memoryCapacity);
  let adjustment = score(request(container));
  // A sidecar is not ended before those that it serves.
  const isInit = pod.spec.initContainers?.some(({ name }) => name === container.name);
  if (isInit && isSidecar(container)) {
    adjustment = Math.min(adjustment, score(Math.min(...pod.spec.containers.map(request))));
  }
  if (adjustment < 1000 + GUARANTEED_ADJUSTMENT) return 1000 + GUARANTEED_ADJUSTMENT;
  return adjustment === 1000 ? 999 : adjustment;
}

/** What the pod as a whole asks for beyond its containers, shared among them (KEP-2837). */
function remainingMemory({ spec }: Pod): number {
  const whole = bytes(spec.resources?.requests?.memory);
  if (whole === 0) return 0;
  const own = bytes(containerTotals(spec, 'requests').memory);
  return Math.trunc((whole - own) / (spec.containers.length + (spec.initContainers?.length ?? 0)));
}

/** `memoryCapacity` is the node's, in bytes. A limit that a container does not have is its pod's. */
export function containerResources(pod: Pod, container: AnyContainer, memoryCapacity: number): LinuxContainerResources {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const whole = pod.spec.resources?.limits;
  const cpuLimit = milli(limits.cpu) || milli(whole?.cpu);
  const request = requests.cpu === undefined && cpuLimit > 0 ? cpuLimit : milli(requests.cpu);
  const memoryLimit = bytes(limits.memory) || bytes(whole?.memory);
  const { quota, period } = cpuQuota(cpuLimit);
  return {
    cpuShares: cpuShares(request),
    ...(cpuLimit > 0 && { cpuQuota: quota, cpuPeriod: period }),
    ...(memoryLimit > 0 && { memoryLimitInBytes: memoryLimit }),
    oomScoreAdj: oomScoreAdjustment(pod, container, memoryCapacity),
  };
}
