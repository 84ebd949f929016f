import { type Job, type JobStatus, jobs } from '../../api/batch/v1.gen.ts';
import type { Pod } from '../../api/core/v1.gen.ts';
import { isNamespaceTerminating } from '../../api/errors.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/recorder.ts';
import { keyOf } from '../../client/store.ts';
import { deepEqual } from '../../schema/equal.ts';
import { formatTime } from '../../schema/time.ts';
import type { Clock } from '../../utils/clock.ts';
import { allSettled, slowStart } from '../shared/batches.ts';
import type { Expectations } from '../shared/expectations.ts';
import type { PodControl } from '../shared/pod-control.ts';
import { isPodReady, isPodTerminating } from '../shared/pods.ts';
import { type BackoffRecord, finishedAt, remaining } from './backoff.ts';
import { conditionOf, isTrue, type Verdict, withCondition } from './conditions.ts';
import { IndexSet } from './indexes.ts';
import {
  completionIndex,
  type IndexedPod,
  indexFailures,
  isIndexed,
  isPodFailed,
  isSuspended,
  isTracked,
  newJobPod,
  removeTrackingFinalizer,
  replacesOnlyFailed,
  surplusPods,
} from './job-pods.ts';
import type { SyncAction } from './metrics.ts';
import { judgeFailure } from './policies.ts';
import { isComplete, judge, measure, type Progress, untilDeadline, wantedActive } from './progress.ts';

/** At most so many pods are created or deleted in one pass. */
const POD_LIMIT = 500;
/** At most so many uids are kept in the status, which must not grow too long. */
const UNCOUNTED_LIMIT = 500;

export interface JobSyncOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  readonly podControl: PodControl;
  readonly expectations: Expectations;
  readonly key: string;
  readonly job: Job;
  readonly pods: readonly Pod[];
  /** Uids of pods whose finalizer was taken off; more are added. */
  readonly released: Set<string>;
  /** Whether the informer shows all that earlier passes did. */
  readonly satisfied: boolean;
  readonly backoff: BackoffRecord;
  saveBackoff(record: BackoffRecord): void;
  /** Told of each version of the Job that is written. */
  wrote(job: Job): void;
}

/**
 * One pass over one Job. A pod's end is counted exactly once: its uid goes to the status as uncounted, then its
 * finalizer is taken off, then the uid becomes a number; at whatever point we are killed, the next pass goes on.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers
 */
export class JobSync {
  /** Milliseconds after which the Job is to be looked at again. */
  wait: number | undefined;
  /** What it has done, for metrics. */
  action: SyncAction = 'reconciling';
  readonly #options: JobSyncOptions;
  readonly #progress: Progress;
  #job: Job;
  #active: number;
  #ready: number;
  #terminating: number;

  constructor(options: JobSyncOptions) {
    this.#options = options;
    this.#job = options.job;
    if (!this.#job.status.startTime && !isSuspended(this.#job.spec)) {
      this.#job = { ...this.#job, status: { ...this.#job.status, startTime: formatTime(options.clock.now()) } };
    }
    this.#progress = measure(this.#job, options.pods, options.released, options.backoff);
    this.#active = this.#progress.active.length;
    this.#ready = this.#progress.ready;
    this.#terminating = this.#progress.terminating;
  }

  async run(): Promise<void> {
    const { pods, satisfied, clock } = this.#options;
    const job = this.#job;
    const now = clock.now();
    const deadline = untilDeadline(job, now);
    if (deadline !== undefined && deadline > 0) this.#waitAtMost(deadline);
    let verdict = judge(job, pods, this.#progress, now);
    let failure: unknown;
    if (verdict) {
      const all = await this.#deleteActive().catch((error: unknown) => {
        failure = error;
        return false;
      });
      // Pods that the informer does not show yet may still have to be counted.
      if (!all || !satisfied) verdict = undefined;
    } else {
      const manage = satisfied && !job.metadata.deletionTimestamp;
      if (manage)
        failure = await this.#manage().then(
          () => undefined,
          (error: unknown) => error,
        );
      if (isComplete(job, this.#progress.succeeded, this.#active)) {
        verdict = {
          type: 'SuccessCriteriaMet',
          reason: 'CompletionsReached',
          message: 'Reached expected number of succeeded pods',
        };
      } else if (manage) {
        this.#tellSuspension();
      }
    }
    await this.#track(verdict);
    if (failure !== undefined) throw failure;
  }

  #waitAtMost(ms: number): void {
    this.wait = Math.min(this.wait ?? Number.POSITIVE_INFINITY, ms);
  }

  #setStatus(status: JobStatus): void {
    this.#job = { ...this.#job, status };
  }

  #tellSuspension(): void {
    const { clock, recorder } = this.#options;
    const now = clock.now();
    const suspended = isSuspended(this.#job.spec);
    const reason = suspended ? 'JobSuspended' : 'JobResumed';
    const message = suspended ? 'Job suspended' : 'Job resumed';
    const before = this.#job.status;
    const status = withCondition(before, { type: 'Suspended', reason, message }, suspended ? 'True' : 'False', now);
    if (status === before) return;
    recorder.event(this.#job, 'Normal', suspended ? 'Suspended' : 'Resumed', message);
    // Time in suspension does not count against the deadline.
    this.#setStatus(suspended ? status : { ...status, startTime: formatTime(now) });
  }

  /** Creates what is missing or deletes what is too much, never both in one pass. */
  async #manage(): Promise<void> {
    const { clock } = this.#options;
    const { spec } = this.#job;
    const now = clock.now();
    const { active } = this.#progress;
    const wanted = isSuspended(spec) ? 0 : wantedActive(this.#job, this.#progress);
    const surplus = surplusPods(spec, active, Math.max(0, active.length - wanted), now).slice(0, POD_LIMIT);
    if (surplus.length > 0) return this.#delete(surplus);
    const missing = wanted - active.length - (replacesOnlyFailed(spec) ? this.#terminating : 0);
    if (missing <= 0) return;
    const perIndex = spec.backoffLimitPerIndex !== undefined;
    const pause = perIndex ? 0 : remaining(this.#progress.backoff, now);
    if (pause > 0) {
      this.#waitAtMost(pause);
      return;
    }
    const count = Math.min(missing, POD_LIMIT);
    if (!isIndexed(spec)) return this.#create(Array.from({ length: count }, () => undefined));
    return this.#create(this.#startable(this.#pendingIndexes(count), now));
  }

  #pendingIndexes(count: number): number[] {
    const { active, succeededIndexes, failedIndexes } = this.#progress;
    const { spec } = this.#job;
    const busy = [...active, ...(replacesOnlyFailed(spec) ? this.#options.pods.filter(isPodTerminating) : [])];
    let taken = succeededIndexes.union(IndexSet.of(busy.flatMap((pod) => completionIndex(pod) ?? [])));
    if (failedIndexes) taken = taken.union(failedIndexes);
    return taken.missing(count, spec.completions ?? 0);
  }

  /** Those of the indexes whose own backoff is over. */
  #startable(indexes: readonly number[], now: number): IndexedPod[] {
    const perIndex = this.#job.spec.backoffLimitPerIndex !== undefined;
    return indexes.flatMap((index): IndexedPod[] => {
      if (!perIndex) return [{ index }];
      const last = this.#progress.retry.get(index);
      if (!last) return [{ index, failures: { counted: 0, ignored: 0 } }];
      const { counted, ignored } = indexFailures(last);
      const pause = remaining({ failures: counted + ignored + 1, lastFailure: finishedAt(last) }, now);
      if (pause > 0) {
        this.#waitAtMost(pause);
        return [];
      }
      const counts = judgeFailure(this.#job.spec, last).counts;
      return [{ index, failures: { counted: counted + (counts ? 1 : 0), ignored: ignored + (counts ? 0 : 1) } }];
    });
  }

  async #create(wanted: readonly (IndexedPod | undefined)[]): Promise<void> {
    const { expectations, key, podControl } = this.#options;
    if (wanted.length === 0) return;
    expectations.expect(key, wanted.length);
    this.#active += wanted.length;
    const { started, error } = await slowStart(wanted.length, async (i) => {
      try {
        this.action = 'pods_created';
        await podControl.create(newJobPod(this.#job, wanted[i]), this.#job);
      } catch (failure) {
        expectations.creationObserved(key);
        if (isNamespaceTerminating(failure)) return;
        this.#active--;
        throw failure;
      }
    });
    expectations.creationObserved(key, wanted.length - started);
    this.#active -= wanted.length - started;
    if (error !== undefined) throw error;
  }

  /** Deletes pods whose end nobody counts. */
  async #delete(pods: readonly Pod[]): Promise<void> {
    const { client, expectations, key, podControl } = this.#options;
    expectations.expect(key, 0, pods.map(keyOf));
    await allSettled(
      pods.map(async (pod) => {
        try {
          await removeTrackingFinalizer(client, pod);
          this.action = 'pods_deleted';
          const deleted = await podControl.delete(pod.metadata.name, this.#job);
          if (!deleted) expectations.deletionObserved(key, keyOf(pod));
        } catch (error) {
          expectations.deletionObserved(key, keyOf(pod));
          throw error;
        }
        this.#deleted(pod);
      }),
    );
  }

  /** Deletes active pods of a Job that ends; their finalizers stay until they are counted. */
  async #deleteActive(): Promise<boolean> {
    await allSettled(
      this.#progress.active.map(async (pod) => {
        this.action = 'pods_deleted';
        await this.#options.podControl.delete(pod.metadata.name, this.#job);
        this.#deleted(pod);
      }),
    );
    return this.#active === 0;
  }

  #deleted(pod: Pod): void {
    this.#active--;
    this.#terminating++;
    if (isPodReady(pod)) this.#ready--;
  }

  async #track(verdict: Verdict | undefined): Promise<void> {
    const { pods, released, clock, recorder } = this.#options;
    const { spec } = this.#job;
    const { release, status: counted, more } = this.#account(verdict);
    this.#setStatus({
      ...counted,
      active: this.#active,
      ready: this.#ready,
      terminating: this.#terminating,
    });
    const now = clock.now();
    let final = verdict;
    if (verdict?.type === 'FailureTarget') {
      this.#setStatus(withCondition(this.#job.status, verdict, 'True', now));
      final = { ...verdict, type: 'Failed' };
    } else if (verdict?.type === 'SuccessCriteriaMet') {
      if (!isTrue(this.#job.status, 'SuccessCriteriaMet')) {
        this.#setStatus(withCondition(this.#job.status, verdict, 'True', now));
      }
      final = { ...verdict, type: 'Complete' };
    }
    await this.#flush();
    this.#options.saveBackoff(this.#progress.backoff);
    const held = new Set(pods.filter((pod) => isTracked(pod) && !released.has(pod.metadata.uid)).map(uidOf));
    const failure = await this.#release(release, held);
    this.#setStatus(settle(this.#job.status, held));
    if (failure === undefined && !more && final && this.#mayFinish()) {
      this.#setStatus(withCondition(this.#job.status, final, 'True', now));
      if (final.type === 'Complete') {
        const completionTime = conditionOf(this.#job.status, 'Complete')?.lastTransitionTime;
        this.#setStatus({ ...this.#job.status, completionTime });
      }
      await this.#flush();
      if (final.type === 'Complete') {
        if (spec.completions !== undefined && (this.#job.status.succeeded ?? 0) > spec.completions) {
          const message = 'Too many succeeded pods running after completion count reached';
          recorder.event(this.#job, 'Warning', 'TooManySucceededPods', message);
        }
        recorder.event(this.#job, 'Normal', 'Completed', 'Job completed');
      } else {
        recorder.event(this.#job, 'Warning', final.reason, final.message);
      }
    } else {
      await this.#flush();
    }
    if (failure !== undefined) throw failure;
  }

  /** Notes pods that have ended in the status, as uids or indexes; says whose finalizers may go once that is written. */
  #account(verdict: Verdict | undefined): { release: Pod[]; status: JobStatus; more: boolean } {
    const { pods, released } = this.#options;
    const { spec, metadata } = this.#job;
    const completions = spec.completions ?? 0;
    const tracked = pods.filter((pod) => isTracked(pod) && !released.has(pod.metadata.uid));
    let status = settle(this.#job.status, new Set(tracked.map(uidOf)));
    const succeeded = [...(status.uncountedTerminatedPods?.succeeded ?? [])];
    const failed = [...(status.uncountedTerminatedPods?.failed ?? [])];
    const indexes: number[] = [];
    const release: Pod[] = [];
    let more = false;
    const ordered = isIndexed(spec)
      ? [...tracked].sort((a, b) => (completionIndex(a) ?? -1) - (completionIndex(b) ?? -1))
      : tracked;
    for (const pod of ordered) {
      const { uid } = pod.metadata;
      const hasFailed = isPodFailed(pod, spec);
      const hasSucceeded = pod.status.phase === 'Succeeded';
      const free = metadata.deletionTimestamp !== undefined || verdict !== undefined || hasSucceeded;
      if (!free && (!hasFailed || this.#keepsCount(pod))) continue;
      release.push(pod);
      const index = completionIndex(pod);
      const valid = !isIndexed(spec) || (index !== undefined && index < completions);
      if (hasSucceeded && !failed.includes(uid)) {
        if (isIndexed(spec)) {
          if (valid && index !== undefined && !this.#progress.countedIndexes.has(index)) indexes.push(index);
        } else if (!succeeded.includes(uid)) {
          succeeded.push(uid);
        }
      } else if (hasFailed || (verdict !== undefined && verdict.type !== 'SuccessCriteriaMet')) {
        if (valid && !failed.includes(uid) && judgeFailure(spec, pod).counts) failed.push(uid);
      }
      if (indexes.length + succeeded.length + failed.length >= UNCOUNTED_LIMIT) {
        more = true;
        break;
      }
    }
    status = {
      ...status,
      uncountedTerminatedPods: { ...(succeeded.length > 0 && { succeeded }), ...(failed.length > 0 && { failed }) },
    };
    if (isIndexed(spec)) {
      const done = this.#progress.countedIndexes.union(IndexSet.of(indexes));
      const { failedIndexes } = this.#progress;
      status = {
        ...status,
        succeeded: done.size,
        ...(done.size > 0 ? { completedIndexes: done.toString() } : { completedIndexes: undefined }),
        ...(failedIndexes && { failedIndexes: failedIndexes.toString() }),
      };
    }
    return { release, status, more };
  }

  /** The last failed pod of an index carries the count of failures until its successor does. */
  #keepsCount(pod: Pod): boolean {
    const index = completionIndex(pod);
    return index !== undefined && this.#progress.retry.get(index)?.metadata.uid === pod.metadata.uid;
  }

  /** Takes finalizers off; what remains held is left in `held`. Returns the first failure. */
  async #release(pods: readonly Pod[], held: Set<string>): Promise<unknown> {
    const { client, released } = this.#options;
    const results = await Promise.allSettled(
      pods.map(async (pod) => {
        const { uid } = pod.metadata;
        released.add(uid);
        try {
          await removeTrackingFinalizer(client, pod);
          held.delete(uid);
        } catch (error) {
          released.delete(uid);
          throw error;
        }
      }),
    );
    return results.find((result) => result.status === 'rejected')?.reason;
  }

  #mayFinish(): boolean {
    const { succeeded = [], failed = [] } = this.#job.status.uncountedTerminatedPods ?? {};
    return succeeded.length + failed.length === 0 && this.#terminating === 0;
  }

  /** Writes the status if it says anything new. */
  async #flush(): Promise<void> {
    const { job } = this.#options;
    const last = this.#written ?? job.status;
    if (deepEqual(canonical(last), canonical(this.#job.status))) return;
    this.#job = await this.#options.client.resource(jobs).updateStatus(this.#job);
    this.#written = this.#job.status;
    this.#options.wrote(this.#job);
  }

  #written: JobStatus | undefined;
}

const uidOf = (pod: Pod): string => pod.metadata.uid;

/** Turns uncounted uids whose pods are no longer held into numbers. */
function settle(status: JobStatus, held: ReadonlySet<string>): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const keptSucceeded = succeeded.filter((uid) => held.has(uid));
  const keptFailed = failed.filter((uid) => held.has(uid));
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - keptSucceeded.length,
    failed: (status.failed ?? 0) + failed.length - keptFailed.length,
    uncountedTerminatedPods: {
      ...(keptSucceeded.length > 0 && { succeeded: keptSucceeded }),
      ...(keptFailed.length > 0 && { failed: keptFailed }),
    },
  };
}

/** Counts of zero and empty lists may be absent on the wire. */
function canonical(status: JobStatus): object {
  const { active = 0, succeeded = 0, failed = 0, completedIndexes = '', conditions = [], ...rest } = status;
  const defined = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...defined, active, succeeded, failed, completedIndexes, conditions };
}
