import type { Job } from '../../../api/batch/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { timeToMs } from '../../../schema/time.ts';
import { humanDuration } from '../../http/table.ts';
import { validateJob, validateJobUpdate } from '../../validation/batch.ts';
import { age, containersCells, selectorCell, since } from '../cells.ts';
import { setPodTemplateDefaults } from '../core/pod-spec-defaults.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import { define } from '../define.ts';
import { updateSpec, updateStatus } from '../spec-and-status.ts';

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
  const wanted: Readonly<Record<string, string>> = {
    'controller-uid': uid,
    'job-name': metadata.name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': metadata.name,
  };
  spec.template.metadata ??= { name: '' };
  spec.template.metadata.labels = { ...wanted, ...spec.template.metadata.labels };
  const { matchLabels, ...rest } = spec.selector ?? {};
  const key = 'batch.kubernetes.io/controller-uid';
  spec.selector = { matchLabels: { ...matchLabels, [key]: matchLabels?.[key] ?? uid }, ...rest };
}

/** A Job without labels has those of its pods. */
function inheritLabels({ metadata, spec }: Mutable<Job>): void {
  const labels = spec.template.metadata?.labels;
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
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
  setDefaults: (job) => {
    inheritLabels(job);
    setJobSpecDefaults(job.spec);
  },
  prepareForCreate: (job) => {
    job.metadata.generation = 1;
    job.status = {};
    generateSelector(job);
    inheritLabels(job);
  },
  validateCreate: validateJob,
  prepareForUpdate: updateSpec<Job>,
  validateUpdate: validateJobUpdate,
  subresources: { status: { prepareForUpdate: updateStatus<Job> } },
  // As it was in the first version of the API: clients that mean otherwise say so.
  defaultPropagation: 'orphan',
  selectableFields: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
  warnings: ({ spec }) => podTemplateWarnings(spec.template),
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
