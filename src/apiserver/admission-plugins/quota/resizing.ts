import type { Container, ContainerStatus, Pod, PodSpec } from '../../../api/core/v1.gen.ts';
import type { ResourceList } from '../../../api/pod-resources.ts';
import { compareQuantities } from '../../../schema/quantity.ts';

/**
 * What a pod counts for while its containers are being resized: the most of what they ask for, were granted and have.
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
 */
export function effectiveSpec({ spec, status }: Pod): PodSpec {
  const states = new Map<string, ContainerStatus>();
  for (const one of [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])])
    if (one.resources) states.set(one.name, one);
  if (states.size === 0) return spec;
  // What cannot be will not be: then only what the pod has counts.
  const infeasible = status?.conditions?.some((c) => c.type === 'PodResizePending' && c.reason === 'Infeasible');
  const wanted = (list: ResourceList | undefined) => (infeasible ? undefined : list);
  const resized = (container: Container, isInit: boolean): Container => {
    const state = states.get(container.name);
    if (!state || (isInit && container.restartPolicy !== 'Always')) return container;
    const { requests, limits } = container.resources ?? {};
    return {
      ...container,
      resources: {
        requests: most(wanted(requests), state.resources?.requests, state.allocatedResources),
        limits: most(wanted(limits), state.resources?.limits),
      },
    };
  };
  return {
    ...spec,
    containers: spec.containers.map((container) => resized(container, false)),
    ...(spec.initContainers && { initContainers: spec.initContainers.map((container) => resized(container, true)) }),
  };
}

function most(...lists: readonly (ResourceList | undefined)[]): ResourceList {
  const max: Record<string, string> = {};
  for (const list of lists) {
    for (const [name, quantity] of Object.entries(list ?? {})) {
      const own = Object.hasOwn(max, name) ? max[name] : undefined;
      if (own === undefined || compareQuantities(quantity, own) > 0) max[name] = quantity;
    }
  }
  return max;
}
