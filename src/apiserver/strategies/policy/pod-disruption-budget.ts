import type { PodDisruptionBudget } from '../../../api/policy/v1.gen.ts';
import { validateBudgetStatusUpdate, validatePodDisruptionBudget } from '../../validation/policy.ts';
import { age } from '../cells.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';

const NOT_APPLICABLE = 'N/A';

/** https://kubernetes.io/docs/tasks/run-application/configure-pdb/ */
export const podDisruptionBudget = define<PodDisruptionBudget>({
  validateCreate: validatePodDisruptionBudget,
  validateUpdate: validatePodDisruptionBudget,
  prepareForCreate: (budget) => {
    budget.metadata.generation = 1;
    budget.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  prepareForUpdate: updateSpec<PodDisruptionBudget>,
  subresources: {
    status: { prepareForUpdate: updateStatus<PodDisruptionBudget>, validateUpdate: validateBudgetStatusUpdate },
  },
  tableCells: (budget, now) => [
    budget.metadata.name,
    String(budget.spec.minAvailable ?? NOT_APPLICABLE),
    String(budget.spec.maxUnavailable ?? NOT_APPLICABLE),
    budget.status.disruptionsAllowed ?? 0,
    age(budget, now),
  ],
  allowUnconditionalUpdate: false,
});
