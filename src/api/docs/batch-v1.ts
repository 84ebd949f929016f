/** What batch/v1's types and fields are for. */
export const batchV1Docs = `
CronJob: Makes Jobs at set times.
CronJobSpec: Which Job, and when.
  schedule: When, as cron has it: minute, hour, day of the month, month, day of the week.
  timeZone: Time zone of the schedule; that of the controller by default.
  startingDeadlineSeconds: How many seconds late a Job may still start.
  concurrencyPolicy: What to do while the last Job runs: Allow (the default), Forbid, or Replace it.
  suspend: Whether no more Jobs are made.
  jobTemplate: A Job to be made.
  successfulJobsHistoryLimit: How many Jobs that succeeded are kept; 3 by default.
  failedJobsHistoryLimit: How many Jobs that failed are kept; 1 by default.
CronJobStatus: What it does.
  active: Jobs that run.
  lastScheduleTime: When the last one was due.
  lastSuccessfulTime: When one last succeeded.
Job: Runs pods until enough of them have succeeded.
JobCondition: Something that holds of a Job.
  type: Suspended, Complete, Failed, SuccessCriteriaMet or FailureTarget.
  lastProbeTime: When it was last looked at.
JobSpec: Which pods, and when it is done.
  parallelism: How many run at a time; 1 by default.
  completions: How many must succeed; without it one success will do, and others finish by themselves.
  activeDeadlineSeconds: Seconds after which it is stopped and has failed.
  podFailurePolicy: What some failures mean.
  successPolicy: When it has succeeded although not all did.
  backoffLimit: How many failures make it fail; 6 by default.
  backoffLimitPerIndex: How many failures make an index fail.
  maxFailedIndexes: How many failed indexes make it fail.
  selector: Labels of its pods; made up unless manualSelector says otherwise.
  manualSelector: Whether labels and selector are left to you.
  template: A pod to be made; its restartPolicy is Never or OnFailure.
  ttlSecondsAfterFinished: Seconds after its end at which it is removed.
  completionMode: NonIndexed (the default), or Indexed, where each pod has a number.
  suspend: Whether it has no pods for now.
  podReplacementPolicy: When a pod is replaced: as soon as it is being stopped, or only when it Failed.
  managedBy: Which controller looks after it; fixed.
JobStatus: How it is getting on.
  startTime: When it began, or began again.
  completionTime: When it succeeded.
  active: Pods that run or will.
  succeeded: Pods that succeeded.
  failed: Pods that failed.
  terminating: Pods that are being stopped.
  completedIndexes: Indexes that succeeded: 1,3-5.
  failedIndexes: Indexes that failed.
  uncountedTerminatedPods: Pods that have ended and are not in the numbers yet.
  ready: Pods that are ready.
JobTemplateSpec: A Job to be made.
PodFailurePolicy: What some failures mean.
  rules: Rules; the first that fits decides.
PodFailurePolicyOnExitCodesRequirement: Exit codes.
  containerName: Of which container; any by default.
  operator: In or NotIn the values.
  values: The exit codes.
PodFailurePolicyOnPodConditionsPattern: A condition of a pod.
  type: Which condition.
  status: What it must be; True by default.
PodFailurePolicyRule: What a failure means.
  action: FailJob, FailIndex, Ignore, or Count it as usual.
  onExitCodes: For these exit codes.
  onPodConditions: For pods with any of these conditions.
SuccessPolicy: When a Job has succeeded.
  rules: Rules; any will do.
SuccessPolicyRule: What must have succeeded.
  succeededIndexes: These indexes: 1,3-5.
  succeededCount: So many of them, or of all.
UncountedTerminatedPods: Pods that have ended and are not in the numbers yet.
  succeeded: UIDs of those that succeeded.
  failed: UIDs of those that failed.
`;
