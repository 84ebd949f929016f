import type { Pod } from '../../api/core/v1.gen.ts';
import { qualifiedNameProblems } from '../../api/names.ts';
import type { Mutable } from '../../api/resource.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { isNative } from '../validation/resources.ts';
import { mutableOf } from './readers.ts';
import { withToleration } from './tolerations.ts';

/** Whether a resource is one that nodes advertise beside those of Kubernetes: "example.com/gpu". */
export const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith('requests.') && qualifiedNameProblems(`requests.${name}`).length === 0;

/**
 * Pods that ask for an extended resource may run on nodes that are tainted with its name.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#extendedresourcetoleration
 */
export function extendedResourceToleration(): AdmissionPlugin {
  return {
    name: 'ExtendedResourceToleration',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') && group === '' && resource === 'pods' && subresource === '',
    admit(request) {
      const { spec } = mutableOf<Pod>(request);
      const asked = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
        Object.keys(resources?.requests ?? {}).filter(isExtended),
      );
      for (const key of [...new Set(asked)].sort()) tolerate(spec, key);
    },
  };
}

function tolerate(spec: Mutable<Pod>['spec'], key: string): void {
  spec.tolerations = withToleration(spec.tolerations ?? [], { key, operator: 'Exists', effect: 'NoSchedule' });
}
