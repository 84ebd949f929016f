import type { Job, JobCondition, JobStatus } from '../../api/batch/v1.gen.ts';
import { formatTime } from '../../schema/time.ts';

export type JobConditionType = 'Complete' | 'Failed' | 'FailureTarget' | 'SuccessCriteriaMet' | 'Suspended';

/** A condition that has come true. */
export interface Verdict {
  readonly type: JobConditionType;
  readonly reason: string;
  readonly message: string;
}

export function conditionOf(status: JobStatus, type: JobConditionType): JobCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}

export function isTrue(status: JobStatus, type: JobConditionType): boolean {
  return conditionOf(status, type)?.status === 'True';
}

/** The condition that says the Job is over, if it is. */
export function finishedCondition(job: Job): JobCondition | undefined {
  return job.status.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

/** The status with the condition set; the same status where it says so already. "False" is only told of what was true. */
export function withCondition(status: JobStatus, verdict: Verdict, value: 'True' | 'False', now: number): JobStatus {
  const before = conditionOf(status, verdict.type);
  if (!before && value === 'False') return status;
  if (before?.status === value && before.reason === verdict.reason && before.message === verdict.message) return status;
  const time = formatTime(now);
  const { type, reason, message } = verdict;
  const condition = { type, status: value, lastProbeTime: time, lastTransitionTime: time, reason, message };
  const conditions = status.conditions ?? [];
  return {
    ...status,
    conditions: before ? conditions.map((c) => (c === before ? condition : c)) : [...conditions, condition],
  };
}
