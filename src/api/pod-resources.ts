import { addQuantities, compareQuantities, formatQuantity } from '../schema/quantity.ts';
import type { PodSpec } from './core/v1.gen.ts';

/** Quantities by resource name. */
export type ResourceList = Readonly<Record<string, string>>;

/** The quantity of a resource whose name a client made up: lists are no dictionaries, and inherit a "constructor". */
export const quantityOf = (list: ResourceList, name: string): string | undefined =>
  Object.hasOwn(list, name) ? list[name] : undefined;

export function addResources(a: ResourceList, b: ResourceList): Record<string, string> {
  const sum: Record<string, string> = { ...a };
  for (const [name, quantity] of Object.entries(b)) {
    const own = quantityOf(sum, name);
    sum[name] = own === undefined ? quantity : formatQuantity(addQuantities(own, quantity));
  }
  return sum;
}

function maxResources(a: ResourceList, b: ResourceList): Record<string, string> {
  const max: Record<string, string> = { ...a };
  for (const [name, quantity] of Object.entries(b)) {
    const own = quantityOf(max, name);
    if (own === undefined || compareQuantities(quantity, own) > 0) max[name] = quantity;
  }
  return max;
}

/** What a pod's containers need at their peak. */
export function containerTotals(spec: PodSpec, kind: 'requests' | 'limits'): Record<string, string> {
  let running: Record<string, string> = {};
  for (const { resources } of spec.containers) running = addResources(running, resources?.[kind] ?? {});
  let sidecars: Record<string, string> = {};
  let starting: Record<string, string> = {};
  for (const container of spec.initContainers ?? []) {
    const own = container.resources?.[kind] ?? {};
    if (container.restartPolicy === 'Always') {
      sidecars = addResources(sidecars, own);
      starting = maxResources(starting, sidecars);
    } else {
      starting = maxResources(starting, addResources(sidecars, own));
    }
  }
  return maxResources(addResources(running, sidecars), starting);
}

/**
 * What a pod needs at its peak: its containers and sidecars together, or an init container beside the sidecars started
 * before it, whichever is more; what the pod asks for as a whole takes the place of that; and the sandbox's overhead.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
export function podTotals(spec: PodSpec, kind: 'requests' | 'limits'): Record<string, string> {
  const total: Record<string, string> = { ...containerTotals(spec, kind), ...spec.resources?.[kind] };
  const overhead = spec.overhead ?? {};
  // A limit that is not there is no limit: overhead must not make it one.
  const counted =
    kind === 'requests'
      ? overhead
      : Object.fromEntries(Object.entries(overhead).filter(([name]) => quantityOf(total, name) !== undefined));
  return addResources(total, counted);
}
