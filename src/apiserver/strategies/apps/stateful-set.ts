import type { ControllerRevision, StatefulSet } from '../../../api/apps/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import {
  validateControllerRevision,
  validateControllerRevisionUpdate,
  validateReplicaStatusUpdate,
  validateStatefulSet,
  validateStatefulSetUpdate,
} from '../../validation/apps.ts';
import { age, containersCells, NONE } from '../cells.ts';
import { setClaimDefaults } from '../core/persistent-volume.ts';
import { setPodTemplateDefaults } from '../core/pod-spec-defaults.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';

function setDefaults({ spec }: Mutable<StatefulSet>): void {
  spec.replicas ??= 1;
  setPodTemplateDefaults(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion ??= 'v1';
    claim.kind ??= 'PersistentVolumeClaim';
    setClaimDefaults(claim);
  }
  spec.podManagementPolicy ??= 'OrderedReady';
  const { updateStrategy } = spec;
  if (!updateStrategy.type) {
    updateStrategy.type = 'RollingUpdate';
    updateStrategy.rollingUpdate ??= {};
  }
  if (updateStrategy.type === 'RollingUpdate' && updateStrategy.rollingUpdate) {
    updateStrategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
  spec.revisionHistoryLimit ??= 10;
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/ */
export const statefulSet = define<StatefulSet>({
  setDefaults,
  prepareForCreate: (statefulSet) => {
    statefulSet.metadata.generation = 1;
    statefulSet.status = { replicas: 0, availableReplicas: 0 };
  },
  validateCreate: validateStatefulSet,
  prepareForUpdate: updateSpec<StatefulSet>,
  validateUpdate: validateStatefulSetUpdate,
  subresources: {
    status: { prepareForUpdate: updateStatus<StatefulSet>, validateUpdate: validateReplicaStatusUpdate },
  },
  warnings: ({ spec }) => podTemplateWarnings(spec.template),
  tableCells: (statefulSet, now) => {
    const { spec, status } = statefulSet;
    return [
      statefulSet.metadata.name,
      `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
      age(statefulSet, now),
      ...containersCells(spec.template.spec.containers),
    ];
  },
});

export const controllerRevision = define<ControllerRevision>({
  validateCreate: validateControllerRevision,
  validateUpdate: validateControllerRevisionUpdate,
  tableCells: (revision, now) => {
    const owner = revision.metadata.ownerReferences?.find(({ controller }) => controller);
    const group = owner?.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
    const controller = owner ? `${owner.kind.toLowerCase()}${group}/${owner.name}` : NONE;
    return [revision.metadata.name, controller, revision.revision ?? 0, age(revision, now)];
  },
});
