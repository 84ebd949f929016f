import type { CronJob } from '../../../api/batch/v1.gen.ts';
import { Path } from '../../../schema/field-error.ts';
import { validateCronJob, validateCronJobUpdate } from '../../validation/batch.ts';
import { age, containersCells, NONE, selectorCell, since, UNSET } from '../cells.ts';
import { setPodTemplateDefaults } from '../core/pod-spec-defaults.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';
import { specChanged, workloadWarnings } from '../workload-warnings.ts';
import { jobSpecWarnings, setFailurePolicyDefaults } from './job.ts';

function cronJobWarnings(cronJob: CronJob, old: CronJob | undefined): readonly string[] {
  const { spec } = cronJob;
  const path = Path.of('spec', 'jobTemplate', 'spec');
  const found = specChanged(cronJob, old) ? jobSpecWarnings(spec.jobTemplate.spec, path) : [];
  found.push(...workloadWarnings(cronJob, old, spec.jobTemplate.spec.template, path.child('template')));
  if (old && spec.schedule.includes('TZ')) {
    const where = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
    found.push(`cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see ${where} for more details`);
  }
  return found;
}

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
  validateUpdate: validateCronJobUpdate,
  warnings: cronJobWarnings,
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
