import type { Pod } from '../../api/core/v1.gen.ts';
import type { RuntimeClass } from '../../api/node/v1.gen.ts';
import { compareQuantities } from '../../schema/quantity.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { type AdmissionReaders, mutableOf, objectOf, refusal } from './readers.ts';
import { mergeTolerations } from './tolerations.ts';

/**
 * A pod's runtime class says what the sandbox costs and where it can run.
 * https://kubernetes.io/docs/concepts/containers/runtime-class/
 */
export function runtimeClass(readers: Pick<AdmissionReaders, 'runtimeClass'>): AdmissionPlugin {
  const classOf = (request: AdmissionRequest): RuntimeClass | undefined => {
    const name = objectOf<Pod>(request).spec.runtimeClassName;
    if (name === undefined) return undefined;
    const found = readers.runtimeClass(name);
    if (!found) throw refusal(request, `pod rejected: RuntimeClass "${name}" not found`);
    return found;
  };
  return {
    name: 'RuntimeClass',
    handles: (operation, group, resource, subresource) =>
      operation === 'CREATE' && group === '' && resource === 'pods' && subresource === '',

    admit(request) {
      const found = classOf(request);
      if (!found) return;
      const { spec } = mutableOf<Pod>(request);
      const fixed = found.overhead?.podFixed;
      if (fixed) {
        if (spec.overhead && !sameQuantities(spec.overhead, fixed))
          throw refusal(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        spec.overhead = { ...fixed };
      }
      const { nodeSelector, tolerations } = found.scheduling ?? {};
      for (const [label, value] of Object.entries(nodeSelector ?? {})) {
        const own = spec.nodeSelector?.[label];
        if (own !== undefined && own !== value)
          throw refusal(
            request,
            `conflict: runtimeClass.scheduling.nodeSelector[${label}] = ${value}; pod.spec.nodeSelector[${label}] = ${own}`,
          );
        spec.nodeSelector = { ...spec.nodeSelector, [label]: value };
      }
      if (found.scheduling) spec.tolerations = mergeTolerations(spec.tolerations ?? [], tolerations ?? []);
      if (spec.tolerations?.length === 0) delete spec.tolerations;
    },

    validate(request) {
      const found = classOf(request);
      const { overhead } = objectOf<Pod>(request).spec;
      if (!overhead || Object.keys(overhead).length === 0) return;
      if (!found?.overhead?.podFixed)
        throw refusal(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
      if (!sameQuantities(overhead, found.overhead.podFixed))
        throw refusal(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    },
  };
}

function sameQuantities(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => {
      const [x, y] = [a[name], b[name]];
      return x !== undefined && y !== undefined && compareQuantities(x, y) === 0;
    })
  );
}
