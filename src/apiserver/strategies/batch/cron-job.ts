import type { CronJob } from '../../../api/batch/v1.gen.ts';
import { validateCronJob } from '../../validation/batch.ts';
import { age, containersCells, NONE, selectorCell, since, UNSET } from '../cells.ts';
import { setPodTemplateDefaults } from '../core/pod-spec-defaults.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';
import { setFailurePolicyDefaults } from './job.ts';

/** https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ */
export const cronJob = define<CronJob>({
  setDefaults: ({ spec }) => {
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    // The rest of the Job's defaults come when the Job is made.
    setFailurePolicyDefaults(spec.jobTemplate.spec);
    setPodTemplateDefaults(spec.jobTemplate.spec?.template);
  },
  prepareForCreate: (cronJob) => {
    cronJob.metadata.generation = 1;
    cronJob.status = {};
  },
  validateCreate: validateCronJob,
  prepareForUpdate: updateSpec<CronJob>,
  validateUpdate: validateCronJob,
  subresources: { status: { prepareForUpdate: updateStatus<CronJob> } },
  tableCells: (cronJob, now) => {
    const { spec, status } = cronJob;
    const job = spec.jobTemplate.spec;
    return [
      cronJob.metadata.name,
      spec.schedule,
      spec.timeZone ?? NONE,
      spec.suspend === undefined ? UNSET : spec.suspend ? 'True' : 'False',
      status.active?.length ?? 0,
      status.lastScheduleTime ? since(status.lastScheduleTime, now) : NONE,
      age(cronJob, now),
      ...containersCells(job?.template?.spec?.containers),
      selectorCell(job?.selector),
    ];
  },
});
