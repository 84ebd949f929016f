import type { Job } from '../../api/batch/v1.gen.ts';
import type { Pod } from '../../api/core/v1.gen.ts';
import { timeToMs } from '../../schema/time.ts';
import { isPodActive, isPodReady, isPodTerminating } from '../shared/pods.ts';
import { afterEnds, type BackoffRecord, finishedAt } from './backoff.ts';
import { conditionOf, type Verdict } from './conditions.ts';
import { IndexSet } from './indexes.ts';
import { completionIndex, indexFailures, isIndexed, isPodFailed, isSuspended, isTracked } from './job-pods.ts';
import { judgeFailure, matchSuccessPolicy } from './policies.ts';

/** How far a Job is, counted from its status and its pods. */
export interface Progress {
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  /** Including pods that the status does not count yet. */
  readonly succeeded: number;
  readonly failed: number;
  readonly backoff: BackoffRecord;
  /** Indexes that the status counts already. */
  readonly countedIndexes: IndexSet;
  readonly succeededIndexes: IndexSet;
  /** Only with backoffLimitPerIndex. */
  readonly failedIndexes: IndexSet | undefined;
  /** With backoffLimitPerIndex: the last failed pod of each index that is to be tried again, which keeps its count. */
  readonly retry: ReadonlyMap<number, Pod>;
}

/** `released`: pods whose finalizer was taken off, though the informer may not show it yet. */
export function measure(
  job: Job,
  pods: readonly Pod[],
  released: ReadonlySet<string>,
  backoff: BackoffRecord,
): Progress {
  const { spec, status } = job;
  const completions = spec.completions ?? 0;
  const uncounted = status.uncountedTerminatedPods ?? {};
  const fresh = (pod: Pod, counted: readonly string[] = []) => {
    const { uid } = pod.metadata;
    if (!isTracked(pod) || released.has(uid) || counted.includes(uid)) return false;
    if (!isIndexed(spec)) return true;
    const index = completionIndex(pod);
    return index !== undefined && index < completions;
  };
  const succeeded = pods.filter((pod) => pod.status.phase === 'Succeeded' && fresh(pod, uncounted.succeeded));
  const failed = pods.filter((pod) => isPodFailed(pod, spec) && fresh(pod, uncounted.failed));
  const active = pods.filter(isPodActive);

  const countedIndexes = isIndexed(spec) ? IndexSet.parse(status.completedIndexes ?? '', completions) : IndexSet.empty;
  const succeededIndexes = countedIndexes.union(IndexSet.of(succeeded.flatMap((pod) => completionIndex(pod) ?? [])));
  let failedIndexes: IndexSet | undefined;
  const retry = new Map<number, Pod>();
  if (isIndexed(spec) && spec.backoffLimitPerIndex !== undefined) {
    const candidates = pods.filter((pod) => isPodFailed(pod, spec) && fresh(pod));
    failedIndexes = IndexSet.parse(status.failedIndexes ?? '', completions).union(
      IndexSet.of(candidates.filter((pod) => exhaustsIndex(job, pod)).flatMap((pod) => completionIndex(pod) ?? [])),
    );
    const busy = new Set(active.map(completionIndex));
    for (const pod of candidates) {
      const index = completionIndex(pod);
      if (index === undefined || busy.has(index) || succeededIndexes.has(index) || failedIndexes.has(index)) continue;
      const other = retry.get(index);
      if (!other || isLaterFailure(pod, other)) retry.set(index, pod);
    }
  }
  return {
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isPodTerminating).length,
    succeeded: isIndexed(spec)
      ? succeededIndexes.size
      : (status.succeeded ?? 0) + succeeded.length + (uncounted.succeeded?.length ?? 0),
    failed:
      (status.failed ?? 0) +
      failed.filter((pod) => judgeFailure(spec, pod).counts).length +
      (uncounted.failed?.length ?? 0),
    backoff: afterEnds(backoff, succeeded, failed),
    countedIndexes,
    succeededIndexes,
    failedIndexes,
    retry,
  };
}

function exhaustsIndex(job: Job, pod: Pod): boolean {
  const verdict = judgeFailure(job.spec, pod);
  if (verdict.failIndex) return true;
  return verdict.counts && indexFailures(pod).counted >= (job.spec.backoffLimitPerIndex ?? 0);
}

function isLaterFailure(pod: Pod, other: Pod): boolean {
  const total = (p: Pod) => indexFailures(p).counted + indexFailures(p).ignored;
  return total(other) <= total(pod) && finishedAt(pod) >= finishedAt(other);
}

/** Why the Job is to end, or has begun to, if so. */
export function judge(job: Job, pods: readonly Pod[], progress: Progress, now: number): Verdict | undefined {
  const { spec, status } = job;
  const met = conditionOf(status, 'SuccessCriteriaMet');
  if (met?.status === 'True') {
    return { type: 'SuccessCriteriaMet', reason: met.reason ?? '', message: met.message ?? '' };
  }
  const target = conditionOf(status, 'FailureTarget');
  if (target?.status === 'True') return { type: 'Failed', reason: target.reason ?? '', message: target.message ?? '' };
  const fail = (reason: string, message: string): Verdict => ({ type: 'FailureTarget', reason, message });
  for (const pod of pods) {
    const why = isPodFailed(pod, spec) ? judgeFailure(spec, pod).failJob : undefined;
    if (why) return fail('PodFailurePolicy', why);
  }
  const { failedIndexes, succeededIndexes } = progress;
  if (progress.failed > (spec.backoffLimit ?? 6) || restartsExceeded(job, pods)) {
    return fail('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  if ((untilDeadline(job, now) ?? 1) <= 0) {
    return fail('DeadlineExceeded', 'Job was active longer than specified deadline');
  }
  if (failedIndexes) {
    if (spec.maxFailedIndexes !== undefined && failedIndexes.size > spec.maxFailedIndexes) {
      return fail('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
    }
    if (failedIndexes.size > 0 && failedIndexes.size + succeededIndexes.size >= (spec.completions ?? 0)) {
      return fail('FailedIndexes', 'Job has failed indexes');
    }
  }
  const success = isIndexed(spec) ? matchSuccessPolicy(spec, succeededIndexes) : undefined;
  return success ? { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: success } : undefined;
}

/** With restartPolicy OnFailure it is restarts of containers that count towards the limit. */
function restartsExceeded({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status.phase !== 'Running' && status.phase !== 'Pending') continue;
    for (const container of status.initContainerStatuses ?? []) restarts += container.restartCount;
    for (const container of status.containerStatuses ?? []) restarts += container.restartCount;
  }
  const limit = spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Milliseconds of its deadline that a running Job has left; undefined where it has none. */
export function untilDeadline({ spec, status }: Job, now: number): number | undefined {
  if (spec.activeDeadlineSeconds === undefined || isSuspended(spec)) return undefined;
  const started = status.startTime ? timeToMs(status.startTime) : now;
  return started + spec.activeDeadlineSeconds * 1000 - now;
}

/** Whether there is nothing left to do but to say so. */
export function isComplete({ spec }: Job, succeeded: number, active: number): boolean {
  if (active > 0) return false;
  return spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions;
}

/** How many pods a running Job is to have. */
export function wantedActive({ spec }: Job, progress: Progress): number {
  const parallelism = spec.parallelism ?? 1;
  if (spec.completions !== undefined) return Math.max(0, Math.min(parallelism, spec.completions - progress.succeeded));
  return progress.succeeded > 0 ? progress.active.length : parallelism;
}
