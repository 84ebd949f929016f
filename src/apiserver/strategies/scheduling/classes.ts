import type { Lease } from '../../../api/coordination/v1.gen.ts';
import type { RuntimeClass } from '../../../api/node/v1.gen.ts';
import { deprecatedNodeLabel } from '../../../api/node-labels.ts';
import type { Mutable } from '../../../api/resource.ts';
import type { PriorityClass } from '../../../api/scheduling/v1.gen.ts';
import {
  validateLease,
  validatePriorityClass,
  validatePriorityClassUpdate,
  validateRuntimeClass,
  validateRuntimeClassUpdate,
} from '../../validation/classes.ts';
import { age } from '../cells.ts';
import { roundQuantities } from '../core/resource-list.ts';
import { define } from '../define.ts';

/** https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/ */
export const priorityClass = define<PriorityClass>({
  validateCreate: validatePriorityClass,
  validateUpdate: validatePriorityClassUpdate,
  prepareForUpdate: () => {},
  prepareForCreate: (priorityClass) => {
    priorityClass.metadata.generation = 1;
  },
  setDefaults: (priorityClass) => {
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  tableCells: (priorityClass, now) => [
    priorityClass.metadata.name,
    priorityClass.value ?? 0,
    priorityClass.globalDefault ?? false,
    age(priorityClass, now),
    priorityClass.preemptionPolicy ?? '',
  ],
});

export const runtimeClass = define<RuntimeClass>({
  validateCreate: validateRuntimeClass,
  validateUpdate: validateRuntimeClassUpdate,
  allowCreateOnUpdate: true,
  setDefaults: ({ overhead }) => {
    if (overhead?.podFixed) roundQuantities(overhead.podFixed);
  },
  warnings: ({ scheduling }) =>
    Object.keys(scheduling?.nodeSelector ?? {}).flatMap((label) => {
      const old = deprecatedNodeLabel(label);
      return old ? [`scheduling.nodeSelector: ${old}`] : [];
    }),
  tableCells: (runtimeClass, now) => [runtimeClass.metadata.name, runtimeClass.handler, age(runtimeClass, now)],
  allowUnconditionalUpdate: false,
});

/** Coordinated leader election is not served. */
function dropElectionFields({ spec }: Mutable<Lease>): void {
  delete spec.strategy;
  delete spec.preferredHolder;
}

export const lease = define<Lease>({
  validateCreate: validateLease,
  validateUpdate: validateLease,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  prepareForCreate: dropElectionFields,
  prepareForUpdate: dropElectionFields,
  tableCells: (lease, now) => [lease.metadata.name, lease.spec.holderIdentity ?? '', age(lease, now)],
});
