import type { ControllerRevision, StatefulSet } from '../../../api/apps/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { Path } from '../../../schema/field-error.ts';
import {
  validateControllerRevision,
  validateControllerRevisionUpdate,
  validateStatefulSet,
  validateStatefulSetStatusUpdate,
  validateStatefulSetUpdate,
} from '../../validation/apps.ts';
import { age, containersCells, NONE } from '../cells.ts';
import { setClaimDefaults } from '../core/persistent-volume.ts';
import { setPodTemplateDefaults } from '../core/pod-spec-defaults.ts';
import { claimSpecWarnings } from '../core/pod-warnings.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';
import { templateWarnings } from '../workload-warnings.ts';

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

/** How many pods may be gone at once is not asked of StatefulSets yet. */
function dropDisabledFields({ spec }: Mutable<StatefulSet>): void {
  delete spec.updateStrategy.rollingUpdate?.maxUnavailable;
}

function warnings(statefulSet: StatefulSet, old: StatefulSet | undefined): readonly string[] {
  const { spec } = statefulSet;
  const found = [...templateWarnings(statefulSet, old, spec.template)];
  for (const [i, claim] of (spec.volumeClaimTemplates ?? []).entries()) {
    const at = Path.of('spec', 'volumeClaimTemplates').index(i);
    claimSpecWarnings(claim.spec, old ? at.child('Spec') : at, found);
  }
  if ((spec.revisionHistoryLimit ?? 0) < 0) {
    const why = 'a negative value retains all historical revisions; a value >= 0 is recommended';
    found.push(`spec.revisionHistoryLimit: ${why}`);
  }
  return found;
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/ */
export const statefulSet = define<StatefulSet>({
  setDefaults,
  prepareForCreate: (statefulSet) => {
    statefulSet.metadata.generation = 1;
    statefulSet.status = { replicas: 0, availableReplicas: 0 };
    dropDisabledFields(statefulSet);
  },
  validateCreate: validateStatefulSet,
  prepareForUpdate: (statefulSet, old) => {
    dropDisabledFields(statefulSet);
    updateSpec<StatefulSet>(statefulSet, old);
  },
  validateUpdate: validateStatefulSetUpdate,
  subresources: {
    status: { prepareForUpdate: updateStatus<StatefulSet>, validateUpdate: validateStatefulSetStatusUpdate },
  },
  warnings,
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
