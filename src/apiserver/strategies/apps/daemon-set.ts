import type { DaemonSet } from '../../../api/apps/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { validateDaemonSet, validateDaemonSetStatusUpdate, validateDaemonSetUpdate } from '../../validation/apps.ts';
import { age, containersCells, labelsCell, selectorCell } from '../cells.ts';
import { setPodTemplateDefaults } from '../core/pod-spec-defaults.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';
import { templateWarnings } from '../workload-warnings.ts';

/** Where the generation of the template is kept since it is no field any more. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

function setTemplateGeneration({ metadata }: Mutable<DaemonSet>, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

function updateDaemonSetStatus(daemonSet: Mutable<DaemonSet>, old: DaemonSet): void {
  updateStatus<DaemonSet>(daemonSet, old);
  setTemplateGeneration(daemonSet, Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? 1));
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/ */
export const daemonSet = define<DaemonSet>({
  setDefaults: ({ metadata, spec }) => {
    // Where there is no such annotation the field that it stands for is zero, and that is written: who writes owns it.
    if (metadata.annotations?.[TEMPLATE_GENERATION] === undefined) {
      metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: '0' };
    }
    setPodTemplateDefaults(spec.template);
    const { updateStrategy } = spec;
    updateStrategy.type ??= 'RollingUpdate';
    if (updateStrategy.type === 'RollingUpdate') {
      updateStrategy.rollingUpdate ??= {};
      updateStrategy.rollingUpdate.maxUnavailable ??= 1;
      updateStrategy.rollingUpdate.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
  },
  prepareForCreate: (daemonSet) => {
    daemonSet.metadata.generation = 1;
    setTemplateGeneration(daemonSet, Math.max(1, Number(daemonSet.metadata.annotations?.[TEMPLATE_GENERATION] ?? 1)));
    daemonSet.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
  },
  validateCreate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  prepareForUpdate: (daemonSet, old) => {
    updateSpec<DaemonSet>(daemonSet, old);
    const before = Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? 1);
    setTemplateGeneration(daemonSet, deepEqual(daemonSet.spec.template, old.spec.template) ? before : before + 1);
  },
  subresources: {
    status: { prepareForUpdate: updateDaemonSetStatus, validateUpdate: validateDaemonSetStatusUpdate },
  },
  hiddenAnnotations: [TEMPLATE_GENERATION],
  warnings: (object, old) => templateWarnings(object, old, object.spec.template),
  tableCells: (daemonSet, now) => {
    const { spec, status } = daemonSet;
    return [
      daemonSet.metadata.name,
      status.desiredNumberScheduled ?? 0,
      status.currentNumberScheduled ?? 0,
      status.numberReady ?? 0,
      status.updatedNumberScheduled ?? 0,
      status.numberAvailable ?? 0,
      labelsCell(spec.template.spec.nodeSelector),
      age(daemonSet, now),
      ...containersCells(spec.template.spec.containers),
      selectorCell(spec.selector),
    ];
  },
});
