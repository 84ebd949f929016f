import type { Pod } from '../../api/core/v1.gen.ts';
import type { PriorityClass } from '../../api/scheduling/v1.gen.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { type AdmissionReaders, mutableOf, objectOf, oldObjectOf, refusal } from './readers.ts';

/**
 * A pod gets its priority from its class, or from the cluster's default one; there is one default at most.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
 */
export function priority(readers: Pick<AdmissionReaders, 'priorityClass' | 'priorityClasses'>): AdmissionPlugin {
  /** The lowest of the default classes, should there be several for a moment. */
  const defaultClass = (): PriorityClass | undefined => {
    let found: PriorityClass | undefined;
    for (const c of readers.priorityClasses()) if (c.globalDefault && (!found || c.value < found.value)) found = c;
    return found;
  };
  return {
    name: 'Priority',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      subresource === '' &&
      ((group === '' && resource === 'pods') || (group === 'scheduling.k8s.io' && resource === 'priorityclasses')),

    admit(request) {
      if (request.target.resource.data.kind !== 'Pod') return;
      const { spec } = mutableOf<Pod>(request);
      if (request.operation === 'UPDATE') {
        const old = oldObjectOf<Pod>(request).spec;
        // A client that does not know the fields leaves them out; they cannot change anyway.
        if (spec.priority === undefined && old.priority !== undefined) spec.priority = old.priority;
        if (spec.preemptionPolicy === undefined && old.preemptionPolicy !== undefined)
          spec.preemptionPolicy = old.preemptionPolicy;
        return;
      }
      let chosen: { readonly value: number; readonly preemptionPolicy?: PriorityClass['preemptionPolicy'] };
      if (spec.priorityClassName) {
        const named = readers.priorityClass(spec.priorityClassName);
        if (!named) throw refusal(request, `no PriorityClass with name ${spec.priorityClassName} was found`);
        chosen = named;
      } else {
        const fallback = defaultClass();
        if (fallback) spec.priorityClassName = fallback.metadata.name;
        chosen = fallback ?? { value: 0 };
      }
      if (spec.priority !== undefined && spec.priority !== chosen.value)
        throw refusal(
          request,
          `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${chosen.value} from the given PriorityClass name`,
        );
      spec.priority = chosen.value;
      const policy = chosen.preemptionPolicy ?? 'PreemptLowerPriority';
      if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy)
        throw refusal(
          request,
          `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
        );
      spec.preemptionPolicy = policy;
    },

    validate(request) {
      if (request.target.resource.data.kind !== 'PriorityClass') return;
      const wanted = objectOf<PriorityClass>(request);
      if (!wanted.globalDefault) return;
      const other = defaultClass();
      if (other && (request.operation === 'CREATE' || other.metadata.name !== wanted.metadata.name))
        throw refusal(
          request,
          `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
        );
    },
  };
}
