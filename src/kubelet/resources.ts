import type { Pod } from '../api/core/v1.gen.ts';
import { qosClass } from '../api/pod-qos.ts';
import { podTotals } from '../api/pod-resources.ts';
import { quantityMilliValue, quantityNumber } from '../schema/quantity.ts';
import type { LinuxContainerResources } from './cri/types.ts';
import type { AnyContainer } from './pods/pod.ts';

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

const CRITICAL_PRIORITY = 2_000_000_000;
const GUARANTEED_ADJUSTMENT = -997;

/** How eagerly the kernel ends the container's processes when memory runs out: -1000 never, 1000 first. */
export function oomScoreAdjustment(pod: Pod, container: AnyContainer, memoryCapacity: number): number {
  if ((pod.spec.priority ?? 0) >= CRITICAL_PRIORITY) return GUARANTEED_ADJUSTMENT;
  const qos = qosClass(pod.spec);
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
