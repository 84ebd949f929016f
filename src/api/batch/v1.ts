import type { GroupVersionData } from '../../schema/model.ts';

/** batch/v1. */
export const batchV1: GroupVersionData = {
  group: 'batch',
  version: 'v1',
  package: 'k8s.io.api.batch.v1',
  resources: [
    {
      resource: 'cronjobs',
      singular: 'cronjob',
      kind: 'CronJob',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['cj'],
      categories: ['all'],
      subresources: {
        status: { kind: 'CronJob', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Schedule', 'string', '', 0],
        ['Timezone', 'string', '', 0],
        ['Suspend', 'boolean', '', 0],
        ['Active', 'integer', '', 0],
        ['Last Schedule', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['Containers', 'string', '', 1],
        ['Images', 'string', '', 1],
        ['Selector', 'string', '', 1],
      ],
    },
    {
      resource: 'jobs',
      singular: 'job',
      kind: 'Job',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      categories: ['all'],
      subresources: {
        status: { kind: 'Job', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Status', 'string', '', 0],
        ['Completions', 'string', '', 0],
        ['Duration', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['Containers', 'string', '', 1],
        ['Images', 'string', '', 1],
        ['Selector', 'string', '', 1],
      ],
    },
  ],
  types: {
    CronJob: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'CronJobSpec', required: true, always: true },
        status: { tag: 3, type: 'CronJobStatus', always: true },
      },
    },
    CronJobList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'CronJob', required: true, always: true },
      },
    },
    CronJobSpec: {
      fields: {
        schedule: { tag: 1, type: 'string', required: true, always: true },
        timeZone: { tag: 8, type: 'string', pointer: true },
        startingDeadlineSeconds: { tag: 2, type: 'int64', pointer: true },
        concurrencyPolicy: { tag: 3, type: 'string', enum: ['Allow', 'Forbid', 'Replace'] },
        suspend: { tag: 4, type: 'bool', pointer: true },
        jobTemplate: { tag: 5, type: 'JobTemplateSpec', required: true, always: true },
        successfulJobsHistoryLimit: { tag: 6, type: 'int32', pointer: true },
        failedJobsHistoryLimit: { tag: 7, type: 'int32', pointer: true },
      },
    },
    CronJobStatus: {
      fields: {
        active: { tag: 1, list: 'core/v1.ObjectReference', listType: 'atomic' },
        lastScheduleTime: { tag: 4, type: 'Time', pointer: true },
        lastSuccessfulTime: { tag: 5, type: 'Time', pointer: true },
      },
    },
    Job: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'JobSpec', always: true },
        status: { tag: 3, type: 'JobStatus', always: true },
      },
    },
    JobCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastProbeTime: { tag: 3, type: 'Time', always: true },
        lastTransitionTime: { tag: 4, type: 'Time', always: true },
        reason: { tag: 5, type: 'string' },
        message: { tag: 6, type: 'string' },
      },
    },
    JobList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Job', required: true, always: true },
      },
    },
    JobSpec: {
      fields: {
        parallelism: { tag: 1, type: 'int32', pointer: true },
        completions: { tag: 2, type: 'int32', pointer: true },
        activeDeadlineSeconds: { tag: 3, type: 'int64', pointer: true },
        podFailurePolicy: { tag: 11, type: 'PodFailurePolicy', pointer: true },
        successPolicy: { tag: 16, type: 'SuccessPolicy', pointer: true },
        backoffLimit: { tag: 7, type: 'int32', pointer: true },
        backoffLimitPerIndex: { tag: 12, type: 'int32', pointer: true },
        maxFailedIndexes: { tag: 13, type: 'int32', pointer: true },
        selector: { tag: 4, type: 'meta/v1.LabelSelector', pointer: true },
        manualSelector: { tag: 5, type: 'bool', pointer: true },
        template: { tag: 6, type: 'core/v1.PodTemplateSpec', required: true, always: true },
        ttlSecondsAfterFinished: { tag: 8, type: 'int32', pointer: true },
        completionMode: { tag: 9, type: 'string', pointer: true, enum: ['Indexed', 'NonIndexed'] },
        suspend: { tag: 10, type: 'bool', pointer: true },
        podReplacementPolicy: { tag: 14, type: 'string', pointer: true, enum: ['Failed', 'TerminatingOrFailed'] },
        managedBy: { tag: 15, type: 'string', pointer: true },
      },
    },
    JobStatus: {
      fields: {
        conditions: { tag: 1, list: 'JobCondition', listType: 'atomic', patch: 'merge', mergeKey: 'type' },
        startTime: { tag: 2, type: 'Time', pointer: true },
        completionTime: { tag: 3, type: 'Time', pointer: true },
        active: { tag: 4, type: 'int32' },
        succeeded: { tag: 5, type: 'int32' },
        failed: { tag: 6, type: 'int32' },
        terminating: { tag: 11, type: 'int32', pointer: true },
        completedIndexes: { tag: 7, type: 'string' },
        failedIndexes: { tag: 10, type: 'string', pointer: true },
        uncountedTerminatedPods: { tag: 8, type: 'UncountedTerminatedPods', pointer: true },
        ready: { tag: 9, type: 'int32', pointer: true },
      },
    },
    JobTemplateSpec: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'JobSpec', always: true },
      },
    },
    PodFailurePolicy: {
      fields: {
        rules: { tag: 1, list: 'PodFailurePolicyRule', required: true, always: true, listType: 'atomic' },
      },
    },
    PodFailurePolicyOnExitCodesRequirement: {
      fields: {
        containerName: { tag: 1, type: 'string', pointer: true },
        operator: { tag: 2, type: 'string', required: true, always: true, enum: ['In', 'NotIn'] },
        values: { tag: 3, list: 'int32', required: true, always: true, listType: 'set' },
      },
    },
    PodFailurePolicyOnPodConditionsPattern: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', always: true },
      },
    },
    PodFailurePolicyRule: {
      fields: {
        action: { tag: 1, type: 'string', required: true, always: true, enum: ['Count', 'FailIndex', 'FailJob', 'Ignore'] },
        onExitCodes: { tag: 2, type: 'PodFailurePolicyOnExitCodesRequirement', pointer: true },
        onPodConditions: { tag: 3, list: 'PodFailurePolicyOnPodConditionsPattern', listType: 'atomic' },
      },
    },
    SuccessPolicy: {
      fields: {
        rules: { tag: 1, list: 'SuccessPolicyRule', required: true, always: true, listType: 'atomic' },
      },
    },
    SuccessPolicyRule: {
      fields: {
        succeededIndexes: { tag: 1, type: 'string', pointer: true },
        succeededCount: { tag: 2, type: 'int32', pointer: true },
      },
    },
    UncountedTerminatedPods: {
      fields: {
        succeeded: { tag: 1, list: 'string', listType: 'set' },
        failed: { tag: 2, list: 'string', listType: 'set' },
      },
    },
  },
};
