import type { ReplicaSet } from '../../../api/apps/v1.gen.ts';
import { validateReplicaSet, validateReplicaSetUpdate, validateReplicaStatusUpdate } from '../../validation/apps.ts';
import { age, containersCells, selectorCell } from '../cells.ts';
import { setPodTemplateDefaults } from '../core/pod-spec-defaults.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';
import { workloadWarnings } from '../workload-warnings.ts';

/** https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/ */
export const replicaSet = define<ReplicaSet>({
  setDefaults: ({ spec }) => {
    spec.replicas ??= 1;
    setPodTemplateDefaults(spec.template);
  },
  prepareForCreate: (replicaSet) => {
    replicaSet.metadata.generation = 1;
    replicaSet.status = { replicas: 0 };
  },
  validateCreate: validateReplicaSet,
  prepareForUpdate: updateSpec<ReplicaSet>,
  validateUpdate: validateReplicaSetUpdate,
  subresources: { status: { prepareForUpdate: updateStatus<ReplicaSet>, validateUpdate: validateReplicaStatusUpdate } },
  warnings: (object, old) => workloadWarnings(object, old, object.spec.template),
  tableCells: (replicaSet, now) => {
    const { spec, status } = replicaSet;
    return [
      replicaSet.metadata.name,
      spec.replicas ?? 0,
      status.replicas ?? 0,
      status.readyReplicas ?? 0,
      age(replicaSet, now),
      ...containersCells(spec.template?.spec?.containers),
      selectorCell(spec.selector),
    ];
  },
});
