import type { Job, JobSpec } from '../../../api/batch/v1.gen.ts';
import { labelValueProblems } from '../../../api/names.ts';
import type { Mutable } from '../../../api/resource.ts';
import { Path } from '../../../schema/field-error.ts';
import { timeToMs } from '../../../schema/time.ts';
import { humanDuration } from '../../http/table.ts';
import { validateJob, validateJobUpdate } from '../../validation/batch.ts';
import { validateJobStatusUpdate } from '../../validation/job-status.ts';
import { age, containersCells, selectorCell, since } from '../cells.ts';
import { setPodTemplateDefaults } from '../core/pod-spec-defaults.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';
import { specChanged, workloadWarnings } from '../workload-warnings.ts';

const MAX_INT32 = 2 ** 31 - 1;

/** A rule about a condition means that the condition holds, unless it says otherwise. */
export function setFailurePolicyDefaults(spec: Mutable<Job['spec']> | undefined): void {
  for (const rule of spec?.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
}

function setJobSpecDefaults(spec: Mutable<Job['spec']>): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : MAX_INT32;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  setFailurePolicyDefaults(spec);
  setPodTemplateDefaults(spec.template);
}

/** Gives a Job a selector that no other has, and its pods the labels to match. */
function generateSelector({ metadata, spec }: Mutable<Job>): void {
  if (spec.manualSelector) return;
  const uid = metadata.uid ?? '';
  // Sorted, as complaints about them print them.
  const wanted: Readonly<Record<string, string>> = {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': metadata.name ?? '',
    'controller-uid': uid,
    'job-name': metadata.name ?? '',
  };
  spec.template.metadata ??= { name: '' };
  const template = spec.template.metadata;
  template.labels ??= {};
  for (const [key, value] of Object.entries(wanted)) template.labels[key] ??= value;
  const { matchLabels, ...rest } = spec.selector ?? {};
  const key = 'batch.kubernetes.io/controller-uid';
  const labels = Object.entries({ ...matchLabels, [key]: matchLabels?.[key] ?? uid });
  spec.selector = { matchLabels: Object.fromEntries(labels.sort(([a], [b]) => (a < b ? -1 : 1))), ...rest };
}

/** A Job without labels has those of its pods, also the ones that it gets with its selector: it is one map for both. */
function inheritLabels({ metadata, spec }: Mutable<Job>): void {
  const labels = spec.template.metadata?.labels;
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = labels;
}

function updateJobStatus(job: Mutable<Job>, old: Job): void {
  inheritLabels(job);
  updateStatus<Job>(job, old);
}

const MANY_COMPLETIONS = 100_000;
const MANY_AT_ONCE = 10_000;

/** Of a Job's spec, or of that in a CronJob's template. */
export function jobSpecWarnings({ completionMode, completions = 0, parallelism = 0 }: JobSpec, path: Path): string[] {
  if (completionMode !== 'Indexed' || completions <= MANY_COMPLETIONS || parallelism <= MANY_AT_ONCE) return [];
  const why =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [`${path}: ${why}`];
}

function jobWarnings(job: Job, old: Job | undefined): readonly string[] {
  const own = specChanged(job, old) ? jobSpecWarnings(job.spec, Path.of('spec')) : [];
  return [...own, ...workloadWarnings(job, old, job.spec.template)];
}

const has = ({ status }: Job, type: string): boolean =>
  status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

function statusCell(job: Job): string {
  if (has(job, 'Complete')) return 'Complete';
  if (has(job, 'Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  for (const type of ['Suspended', 'FailureTarget', 'SuccessCriteriaMet']) if (has(job, type)) return type;
  return 'Running';
}

function completionsCell({ spec, status }: Job): string {
  const done = status.succeeded ?? 0;
  if (spec.completions !== undefined) return `${done}/${spec.completions}`;
  const { parallelism = 0 } = spec;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function durationCell({ startTime, completionTime }: Job['status'], now: number): string {
  if (!startTime) return '';
  return completionTime ? humanDuration(timeToMs(completionTime) - timeToMs(startTime)) : since(startTime, now);
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/ */
export const job = define<Job>({
  setDefaults: ({ spec }) => setJobSpecDefaults(spec),
  prepareForCreate: (job) => {
    job.metadata.generation = 1;
    job.status = {};
    inheritLabels(job);
    generateSelector(job);
    // Where a name makes no label, the complaints about the pods' own are enough.
    if (labelValueProblems(job.metadata.name ?? '').length === 0) inheritLabels(job);
  },
  validateCreate: validateJob,
  prepareForUpdate: (job, old) => {
    inheritLabels(job);
    updateSpec<Job>(job, old);
  },
  validateUpdate: validateJobUpdate,
  subresources: { status: { prepareForUpdate: updateJobStatus, validateUpdate: validateJobStatusUpdate } },
  // As it was in the first version of the API: clients that mean otherwise say so.
  defaultPropagation: 'orphan',
  deletionWarning:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  selectableFields: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
  warnings: (job, old) => jobWarnings(job, old),
  tableCells: (job, now) => [
    job.metadata.name,
    statusCell(job),
    completionsCell(job),
    durationCell(job.status, now),
    age(job, now),
    ...containersCells(job.spec.template.spec?.containers),
    selectorCell(job.spec.selector),
  ],
});
