import type { PodTemplate, ReplicationController } from '../../../api/core/v1.gen.ts';
import { dns1123LabelProblems } from '../../../api/names.ts';
import { Path } from '../../../schema/field-error.ts';
import { validateReplicaStatusUpdate, validateReplicationController } from '../../validation/apps.ts';
import { validatePodTemplate } from '../../validation/pod-spec.ts';
import { age, containersCells, labelsCell } from '../cells.ts';
import { define } from '../define.ts';
import { countsChanges, updateSpec, updateStatus } from '../spec-and-status.ts';
import { dropDisabledFields } from './disabled-fields.ts';
import { setPodTemplateDefaults } from './pod-spec-defaults.ts';
import { podTemplateWarnings } from './pod-warnings.ts';

/** https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller/ */
export const replicationController = define<ReplicationController>({
  setDefaults: ({ metadata, spec }) => {
    const labels = spec.template?.metadata?.labels;
    if (labels) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
      if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
    }
    setPodTemplateDefaults(spec.template);
  },
  prepareForCreate: (controller) => {
    controller.metadata.generation = 1;
    controller.status = { replicas: 0 };
    if (controller.spec.template) dropDisabledFields(controller.spec.template.spec, undefined);
  },
  validateCreate: validateReplicationController,
  prepareForUpdate: (controller, old) => {
    const { template } = controller.spec;
    if (template) dropDisabledFields(template.spec, old.spec.template?.spec);
    updateSpec<ReplicationController>(controller, old);
  },
  validateUpdate: validateReplicationController,
  subresources: {
    status: { prepareForUpdate: updateStatus<ReplicationController>, validateUpdate: validateReplicaStatusUpdate },
  },
  warnings: ({ metadata, spec }, old) => {
    const found: string[] = [];
    const problems = old ? [] : dns1123LabelProblems(metadata.name);
    if (problems.length > 0) {
      const why = 'this is used in Pod names and hostnames, which can result in surprising behavior';
      found.push(`metadata.name: ${why}; a DNS label is recommended: [${problems.join(' ')}]`);
    }
    // Kubernetes looks at the old template here.
    if (!old) found.push(...podTemplateWarnings(spec.template));
    else if (old.metadata.generation !== metadata.generation) found.push(...podTemplateWarnings(old.spec.template));
    return found;
  },
  defaultPropagation: 'orphan',
  selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
  tableCells: (controller, now) => {
    const { spec, status } = controller;
    return [
      controller.metadata.name,
      spec.replicas ?? 0,
      status.replicas ?? 0,
      status.readyReplicas ?? 0,
      age(controller, now),
      ...containersCells(spec.template?.spec?.containers),
      labelsCell(spec.selector),
    ];
  },
});

export const podTemplate = define<PodTemplate>({
  prepareForCreate: (podTemplate) => {
    dropDisabledFields(podTemplate.template.spec, undefined);
    countsChanges.prepareForCreate(podTemplate);
  },
  prepareForUpdate: (podTemplate, old) => {
    dropDisabledFields(podTemplate.template.spec, old.template.spec);
    countsChanges.prepareForUpdate(podTemplate, old);
  },
  setDefaults: ({ template }) => setPodTemplateDefaults(template),
  validateCreate: validatePodTemplate,
  validateUpdate: validatePodTemplate,
  warnings: ({ metadata, template }, old) =>
    old && old.metadata.generation === metadata.generation ? [] : podTemplateWarnings(template, Path.of('template')),
  tableCells: ({ metadata, template }) => [
    metadata.name,
    ...containersCells(template.spec?.containers),
    labelsCell(template.metadata?.labels),
  ],
});
