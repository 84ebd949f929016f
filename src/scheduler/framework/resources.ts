import type { Pod, PodSpec } from '../../api/core/v1.gen.ts';
import { quantityMilliValue, quantityNumber } from '../../schema/quantity.ts';

/** Amounts of resources. CPU in thousandths of a core, the rest in bytes or pieces. */
export interface Resources {
  milliCpu: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources and huge pages, by name; absent where there are none, which is nearly always. */
  scalar: Map<string, number> | undefined;
}

export const noResources = (): Resources => ({ milliCpu: 0, memory: 0, ephemeralStorage: 0, scalar: undefined });

type ResourceList = Readonly<Record<string, string>>;

/** What pods without requests count for when nodes are ranked, so that they spread (kube-scheduler's non-zero requests). */
const defaultMilliCpu = 100;
const defaultMemory = 200 * 1024 * 1024;

const parsed = new Map<string, number>();
const rememberAtMost = 10_000;

/** Quantities repeat from pod to pod; each text is read once. */
function amount(name: string, text: string): number {
  const key = name === 'cpu' ? `m${text}` : text;
  let value = parsed.get(key);
  if (value === undefined) {
    value = name === 'cpu' ? Number(quantityMilliValue(text)) : Math.ceil(quantityNumber(text));
    if (parsed.size >= rememberAtMost) parsed.clear();
    parsed.set(key, value);
  }
  return value;
}

export function readResources(list: ResourceList | undefined): Resources {
  const r = noResources();
  for (const name in list) {
    const text = list[name];
    if (text === undefined) continue;
    const value = amount(name, text);
    if (name === 'cpu') r.milliCpu = value;
    else if (name === 'memory') r.memory = value;
    else if (name === 'ephemeral-storage') r.ephemeralStorage = value;
    else if (name !== 'pods') {
      r.scalar ??= new Map();
      r.scalar.set(name, value);
    }
  }
  return r;
}

export function addTo(sum: Resources, r: Resources, sign: 1 | -1 = 1): void {
  sum.milliCpu += sign * r.milliCpu;
  sum.memory += sign * r.memory;
  sum.ephemeralStorage += sign * r.ephemeralStorage;
  if (r.scalar) {
    sum.scalar ??= new Map();
    for (const [name, value] of r.scalar) sum.scalar.set(name, (sum.scalar.get(name) ?? 0) + sign * value);
  }
}

function raiseTo(most: Resources, r: Resources): void {
  most.milliCpu = Math.max(most.milliCpu, r.milliCpu);
  most.memory = Math.max(most.memory, r.memory);
  most.ephemeralStorage = Math.max(most.ephemeralStorage, r.ephemeralStorage);
  for (const [name, value] of r.scalar ?? []) {
    most.scalar ??= new Map();
    most.scalar.set(name, Math.max(most.scalar.get(name) ?? 0, value));
  }
}

/**
 * What a pod needs at its peak: all containers and sidecars together, or one init container beside the sidecars
 * started before it, whichever is more; pod-level requests take the place of that; plus overhead. `nonZero` counts
 * containers without requests with the defaults above.
 */
export function podRequests(pod: Pod, nonZero = false): Resources {
  const { spec } = pod;
  const total = noResources();
  for (const container of spec.containers) addTo(total, requestsOf(container, nonZero));
  if (spec.initContainers) {
    const sidecars = noResources();
    const peak = noResources();
    for (const container of spec.initContainers) {
      const own = requestsOf(container, nonZero);
      if (container.restartPolicy === 'Always') {
        addTo(total, own);
        addTo(sidecars, own);
        raiseTo(peak, sidecars);
      } else {
        addTo(own, sidecars);
        raiseTo(peak, own);
      }
    }
    raiseTo(total, peak);
  }
  if (spec.resources?.requests) {
    const whole = readResources(spec.resources.requests);
    if ('cpu' in spec.resources.requests) total.milliCpu = whole.milliCpu;
    if ('memory' in spec.resources.requests) total.memory = whole.memory;
    for (const [name, value] of whole.scalar ?? []) {
      total.scalar ??= new Map();
      total.scalar.set(name, value);
    }
  }
  if (spec.overhead) addTo(total, readResources(spec.overhead));
  return total;
}

function requestsOf(container: PodSpec['containers'][number], nonZero: boolean): Resources {
  const requests = container.resources?.requests;
  const r = readResources(requests);
  if (nonZero) {
    if (!requests || !('cpu' in requests)) r.milliCpu = defaultMilliCpu;
    if (!requests || !('memory' in requests)) r.memory = defaultMemory;
  }
  return r;
}
