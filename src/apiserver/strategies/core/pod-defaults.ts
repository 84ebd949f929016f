import type { Container, Pod, PodSpec } from '../../../api/core/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { setPodSpecDefaults } from './pod-spec-defaults.ts';

/** Defaults of pods that templates of pods do not have. */
export function setPodDefaults(pod: Mutable<Pod>): void {
  const { spec } = pod;
  setPodSpecDefaults(spec);
  for (const container of allContainers(spec)) {
    const { limits } = container.resources;
    if (limits && Object.keys(limits).length > 0) {
      container.resources.requests = { ...limits, ...container.resources.requests };
    }
    if (!spec.hostNetwork) continue;
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
  spec.enableServiceLinks ??= true;
}

const allContainers = (spec: Mutable<PodSpec>): Mutable<Container>[] => [
  ...(spec.containers ?? []),
  ...(spec.initContainers ?? []),
];
