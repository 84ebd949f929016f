import type { Container, Pod } from '../../api/core/v1.gen.ts';

/** The text of a resize's event: what is asked for, in the order in which Kubernetes writes it. */
export function resizeMessage(prefix: string, { spec }: Pod, generation: number, error?: string): string {
  const sized = ({ name, resources = {} }: Container) => ({
    name,
    resources: {
      ...(resources.limits && { limits: sorted(resources.limits) }),
      ...(resources.requests && { requests: sorted(resources.requests) }),
    },
  });
  const summary = {
    ...(spec.initContainers?.length && { initContainers: spec.initContainers.map(sized) }),
    containers: spec.containers.map(sized),
    generation,
    ...(error && { error }),
  };
  return `${prefix}: ${JSON.stringify(summary)}`;
}

const sorted = (list: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1)));
