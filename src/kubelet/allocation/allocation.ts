import type { Container, Pod, ResourceRequirements } from '../../api/core/v1.gen.ts';
import { sameRequirements } from './amounts.ts';

/** What the node has granted a pod; what the pod asks for may have been changed since. */
export interface Allocation {
  readonly containers: ReadonlyMap<string, ResourceRequirements>;
  /** Of the pod as a whole, where it has such. */
  readonly pod: ResourceRequirements | undefined;
}

export function allocationOf({ spec }: Pod): Allocation {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return { containers: new Map(containers.map((c) => [c.name, c.resources ?? {}])), pod: spec.resources };
}

/** The pod as it has been granted: itself, where it asks for nothing else. */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  const { spec } = pod;
  let changed = false;
  const granted = (container: Container): Container => {
    const resources = allocation.containers.get(container.name);
    if (!resources || sameRequirements(resources, container.resources)) return container;
    changed = true;
    return { ...container, resources };
  };
  const containers = spec.containers.map(granted);
  const initContainers = spec.initContainers?.map(granted);
  const { resources: _, ...rest } = spec;
  const whole = sameRequirements(spec.resources, allocation.pod) ? spec.resources : allocation.pod;
  if (!changed && whole === spec.resources) return pod;
  return {
    ...pod,
    spec: { ...rest, containers, ...(initContainers && { initContainers }), ...(whole && { resources: whole }) },
  };
}

export const isAllocated = (pod: Pod, allocation: Allocation): boolean => withAllocation(pod, allocation) === pod;
