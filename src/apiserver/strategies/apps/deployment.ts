import type { Deployment } from '../../../api/apps/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { validateDeployment, validateDeploymentStatusUpdate, validateDeploymentUpdate } from '../../validation/apps.ts';
import { age, containersCells, selectorCell } from '../cells.ts';
import { setPodTemplateDefaults } from '../core/pod-spec-defaults.ts';
import { define } from '../define.ts';
import { keepStatus, raiseGeneration, updateStatus } from '../spec-and-status.ts';
import { workloadWarnings } from '../workload-warnings.ts';

function setDefaults({ spec }: Mutable<Deployment>): void {
  spec.replicas ??= 1;
  setPodTemplateDefaults(spec.template);
  const { strategy } = spec;
  strategy.type ??= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= '25%';
    strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ */
export const deployment = define<Deployment>({
  setDefaults,
  prepareForCreate: (deployment) => {
    deployment.metadata.generation = 1;
    deployment.status = {};
  },
  validateCreate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  prepareForUpdate: (deployment, old) => {
    keepStatus<Deployment>(deployment, old);
    // Annotations reach the ReplicaSets, so a change of them is work for the controller too.
    const same = deepEqual(deployment.spec, old.spec) && deepEqual(annotations(deployment), annotations(old));
    if (!same) raiseGeneration<Deployment>(deployment, old);
  },
  subresources: {
    status: {
      prepareForUpdate: (deployment, old) => {
        updateStatus<Deployment>(deployment, old);
        deployment.metadata.labels = old.metadata.labels;
      },
      validateUpdate: validateDeploymentStatusUpdate,
    },
  },
  warnings: (object, old) => workloadWarnings(object, old, object.spec.template),
  tableCells: (deployment, now) => {
    const { spec, status } = deployment;
    return [
      deployment.metadata.name,
      `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
      status.updatedReplicas ?? 0,
      status.availableReplicas ?? 0,
      age(deployment, now),
      ...containersCells(spec.template.spec.containers),
      spec.selector ? selectorCell(spec.selector) : '',
    ];
  },
});

const annotations = ({ metadata }: Deployment | Mutable<Deployment>) => metadata.annotations ?? {};
