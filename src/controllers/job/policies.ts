import type { JobSpec, PodFailurePolicyOnExitCodesRequirement } from '../../api/batch/v1.gen.ts';
import type { ContainerStatus, Pod } from '../../api/core/v1.gen.ts';
import { IndexSet } from './indexes.ts';

export interface FailureVerdict {
  /** Whether the failure counts towards the backoff limit. */
  readonly counts: boolean;
  readonly failIndex: boolean;
  /** Why the whole Job fails, when it does. */
  readonly failJob?: string;
}

/**
 * What a Job's failure policy says about a failed pod; the first rule that matches decides.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
 */
export function judgeFailure(spec: JobSpec, pod: Pod): FailureVerdict {
  const { namespace, name } = pod.metadata;
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    let why: string | undefined;
    if (rule.onExitCodes) {
      const failed = failedContainer(pod, rule.onExitCodes);
      if (failed) {
        const code = failed.state.terminated?.exitCode;
        why = `Container ${failed.name} for pod ${namespace}/${name} failed with exit code ${code} matching ${rule.action} rule at index ${index}`;
      }
    } else {
      const condition = pod.status.conditions?.find((present) =>
        rule.onPodConditions?.some((wanted) => wanted.type === present.type && wanted.status === present.status),
      );
      if (condition) {
        why = `Pod ${namespace}/${name} has condition ${condition.type} matching ${rule.action} rule at index ${index}`;
      }
    }
    if (!why) continue;
    switch (rule.action) {
      case 'Ignore':
        return { counts: false, failIndex: false };
      case 'FailIndex':
        return { counts: true, failIndex: spec.backoffLimitPerIndex !== undefined };
      case 'FailJob':
        return { counts: true, failIndex: false, failJob: why };
      default:
        return { counts: true, failIndex: false };
    }
  }
  return { counts: true, failIndex: false };
}

function failedContainer(pod: Pod, wanted: PodFailurePolicyOnExitCodesRequirement): ContainerStatus | undefined {
  const matches = ({ name, state }: ContainerStatus) => {
    const code = state?.terminated?.exitCode ?? 0;
    if (code === 0 || (wanted.containerName !== undefined && wanted.containerName !== name)) return false;
    return wanted.values.includes(code) === (wanted.operator === 'In');
  };
  return pod.status.containerStatuses?.find(matches) ?? pod.status.initContainerStatuses?.find(matches);
}

/**
 * Why an Indexed Job has succeeded before all of its indexes have, when it has.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#success-policy
 */
export function matchSuccessPolicy(spec: JobSpec, succeeded: IndexSet): string | undefined {
  if (succeeded.size === 0) return undefined;
  for (const [index, rule] of (spec.successPolicy?.rules ?? []).entries()) {
    const met = `Matched rules at index ${index}`;
    if (rule.succeededIndexes !== undefined) {
      const wanted = IndexSet.parse(rule.succeededIndexes, spec.completions ?? 0);
      if (wanted.size === 0) continue;
      const done = wanted.overlap(succeeded);
      if (done === wanted.size || (rule.succeededCount !== undefined && done >= rule.succeededCount)) return met;
    } else if (rule.succeededCount !== undefined && succeeded.size >= rule.succeededCount) {
      return met;
    }
  }
  return undefined;
}
