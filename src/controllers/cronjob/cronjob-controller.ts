import { type CronJob, type CronJobStatus, cronjobs, type Job, jobs } from '../../api/batch/v1.gen.ts';
import type { ObjectReference } from '../../api/core/v1.gen.ts';
import { parseSchedule, type Schedule } from '../../api/cron-schedule.ts';
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../api/errors.ts';
import type { Draft } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { type EventRecorder, referenceTo } from '../../client/recorder.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { formatTime, timeToMs } from '../../schema/time.ts';
import { LocalTime } from '../../utils/local-time.ts';
import { type Distribution, exponential } from '../../utils/metrics.ts';
import { finishedCondition } from '../job/conditions.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import {
  controlledBy,
  controllerOf,
  indexByController,
  newControllerRef,
  resolveControllerRef,
} from '../shared/controller-ref.ts';
import { messageOf } from '../shared/pod-control.ts';
import { startReconciler } from '../shared/start.ts';
import { mostRecent, untilNext } from './timing.ts';

const WORKERS = 5;
const SCHEDULED = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/**
 * Makes a Job whenever one is due, and clears away old ones.
 * https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
 */
export function startCronJobController(context: ControllerContext): ControllerHandle {
  const controller = new CronJobController(context);
  return startReconciler(context, {
    name: 'cronjob',
    workers: WORKERS,
    waitFor: [controller.cronJobs, controller.jobs],
    observe: (queue) => controller.observe(queue),
    reconcile: (key, queue) => controller.reconcile(key, queue),
  });
}

/** What a CronJob's status becomes in the course of a pass. */
type Progress = { -readonly [K in keyof CronJobStatus]: CronJobStatus[K] };

class CronJobController {
  readonly cronJobs: Informer<CronJob>;
  readonly jobs: Informer<Job>;
  readonly #context: ControllerContext;
  readonly #recorder: EventRecorder;
  readonly #skew: Distribution | undefined;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder.as('cronjob-controller');
    this.#skew = context.metrics
      ?.histogram(
        'cronjob_controller_job_creation_skew_duration_seconds',
        '[STABLE] Seconds from the time of a Job to its creation.',
        exponential(1, 2, 10),
      )
      .of('');
    this.cronJobs = context.informers.informer(cronjobs);
    this.jobs = indexByController(context.informers.informer(jobs));
  }

  observe(queue: WorkQueue): (() => void)[] {
    const wakeOwner = (job: Job) => {
      const owner = resolveControllerRef(this.cronJobs, job.metadata.namespace ?? '', controllerOf(job));
      if (owner) queue.add(keyOf(owner));
    };
    return [
      this.cronJobs.addHandler({
        onAdd: (cronJob) => queue.add(keyOf(cronJob)),
        onUpdate: (_, cronJob) => queue.add(keyOf(cronJob)),
      }),
      this.jobs.addHandler({ onAdd: wakeOwner, onUpdate: (_, job) => wakeOwner(job), onDelete: wakeOwner }),
    ];
  }

  async reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const cronJob = this.cronJobs.store.get(namespace, name);
    if (!cronJob) return;
    const owned = controlledBy(this.jobs, cronJob);
    const status: Progress = { ...cronJob.status };
    let failure: unknown;
    let wait: number | undefined;
    try {
      await this.#account(cronJob, owned, status);
      wait = await this.#start(cronJob, status);
    } catch (error) {
      failure = error;
    }
    await this.#clearHistory(cronJob, owned, status);
    if (changed(cronJob.status, status)) {
      await this.#context.client.resource(cronjobs).updateStatus({ ...cronJob, status });
    }
    if (failure !== undefined) throw failure;
    if (wait !== undefined) queue.addAfter(key, wait);
  }

  /** Notes which Jobs have ended or gone. */
  async #account(cronJob: CronJob, owned: readonly Job[], status: Progress): Promise<void> {
    for (const job of owned) {
      const listed = isActive(status, job.metadata.uid);
      const finished = finishedCondition(job);
      if (!finished) {
        if (!listed) await this.#tellUnexpected(cronJob, job);
        continue;
      }
      if (listed) {
        deactivate(status, job.metadata.uid);
        const message = `Saw completed job: ${job.metadata.name}, condition: ${finished.type}`;
        this.#recorder.event(cronJob, 'Normal', 'SawCompletedJob', message);
      }
      const { completionTime } = job.status;
      if (finished.type !== 'Complete' || !completionTime) continue;
      const last = status.lastSuccessfulTime;
      if (!last || timeToMs(completionTime) > timeToMs(last)) status.lastSuccessfulTime = completionTime;
    }
    for (const reference of status.active ?? []) {
      if (owned.some((job) => job.metadata.uid === reference.uid)) continue;
      // The informer may not have it yet.
      if (await this.#get(reference)) continue;
      deactivate(status, reference.uid);
      this.#recorder.event(cronJob, 'Normal', 'MissingJob', `Active job went missing: ${reference.name}`);
    }
  }

  async #tellUnexpected(cronJob: CronJob, job: Job): Promise<void> {
    const { namespace = '', name } = cronJob.metadata;
    const fresh = await this.#context.client.resource(cronjobs).get(namespace, name);
    if (isActive(fresh.status, job.metadata.uid)) return;
    const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
    this.#recorder.event(cronJob, 'Warning', 'UnexpectedJob', message);
  }

  /** Makes the Job that is due, if one is. Returns when to look again. */
  async #start(cronJob: CronJob, status: Progress): Promise<number | undefined> {
    const { spec, metadata } = cronJob;
    if (metadata.deletionTimestamp !== undefined) return undefined;
    const schedule = this.#scheduleOf(cronJob);
    if (!schedule) return undefined;
    const now = this.#context.clock.now();
    // As the status will be, with what this pass has done.
    const wait = () => untilNext({ ...cronJob, status }, now, schedule);
    const at = this.#due(cronJob, schedule, now);
    if (at === undefined) return wait();
    const deadline = spec.startingDeadlineSeconds;
    if (deadline !== undefined && at + deadline * 1000 < now) {
      const message = `Missed scheduled time to start a job: ${rfc1123(at)}`;
      this.#recorder.event(cronJob, 'Warning', 'MissSchedule', message);
      return wait();
    }
    const name = `${metadata.name}-${Math.floor(at / 60_000)}`;
    const known = (status.active ?? []).some((reference) => reference.name === name);
    if (known || status.lastScheduleTime === formatTime(at)) return wait();
    if (spec.concurrencyPolicy === 'Forbid' && (status.active ?? []).length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      this.#recorder.event(cronJob, 'Normal', 'JobAlreadyActive', message);
      return wait();
    }
    if (spec.concurrencyPolicy === 'Replace') await this.#replace(cronJob, status);
    const job = await this.#create(cronJob, jobOf(cronJob, name, at), at);
    if (!job || isActive(status, job.metadata.uid)) return wait();
    status.active = [...(status.active ?? []), referenceTo(job)];
    status.lastScheduleTime = formatTime(at);
    return wait();
  }

  /** Undefined for a CronJob that is not to run. */
  #scheduleOf(cronJob: CronJob): Schedule | undefined {
    const { schedule, timeZone, suspend } = cronJob.spec;
    const warn = (reason: string, message: string) => this.#recorder.event(cronJob, 'Warning', reason, message);
    if (timeZone !== undefined) {
      try {
        new LocalTime(timeZone);
      } catch {
        warn('UnknownTimeZone', `invalid timeZone: "${timeZone}": unknown time zone ${timeZone}`);
        return undefined;
      }
    }
    if (suspend) return undefined;
    if (schedule.includes('TZ')) {
      const more = 'see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';
      warn('UnsupportedSchedule', `CRON_TZ or TZ used in schedule "${schedule}" is not officially supported, ${more}`);
    }
    try {
      return parseSchedule(schedule, timeZone);
    } catch (error) {
      warn('UnparseableSchedule', `unparseable schedule: "${schedule}" : ${messageOf(error)}`);
      return undefined;
    }
  }

  #due(cronJob: CronJob, schedule: Schedule, now: number): number | undefined {
    const warn = (reason: string, message: string) => this.#recorder.event(cronJob, 'Warning', reason, message);
    try {
      const { at, missed } = mostRecent(cronJob, now, schedule, true);
      if (missed === 'many') {
        const advice = 'Set or decrease .spec.startingDeadlineSeconds or check clock skew';
        warn('TooManyMissedTimes', `too many missed start times. ${advice}`);
      }
      return at;
    } catch (error) {
      warn('InvalidSchedule', `invalid schedule: ${cronJob.spec.schedule} : ${messageOf(error)}`);
      return undefined;
    }
  }

  async #replace(cronJob: CronJob, status: Progress): Promise<void> {
    for (const reference of status.active ?? []) {
      const job = await this.#get(reference);
      if (job) await this.#delete(cronJob, job, status);
      else deactivate(status, reference.uid);
    }
  }

  /** The Job, made now or by an earlier pass that was interrupted; undefined when its name is somebody else's. */
  async #create(cronJob: CronJob, job: Draft<Job> & { readonly metadata: { readonly name: string } }, at: number) {
    const { namespace = '', uid } = cronJob.metadata;
    const resource = this.#context.client.resource(jobs);
    try {
      const created = await resource.create(namespace, job);
      this.#skew?.observe((timeToMs(created.metadata.creationTimestamp) - at) / 1000);
      this.#recorder.event(cronJob, 'Normal', 'SuccessfulCreate', `Created job ${created.metadata.name}`);
      return created;
    } catch (error) {
      if (!isAlreadyExists(error)) {
        if (!isNamespaceTerminating(error)) {
          this.#recorder.event(cronJob, 'Warning', 'FailedCreate', `Error creating job: ${messageOf(error)}`);
        }
        throw error;
      }
      const there = await resource.get(namespace, job.metadata.name);
      return controllerOf(there)?.uid === uid ? there : undefined;
    }
  }

  /** Keeps as many ended Jobs as the CronJob asks for, the newest ones. */
  async #clearHistory(cronJob: CronJob, owned: readonly Job[], status: Progress): Promise<void> {
    const limits = { Complete: cronJob.spec.successfulJobsHistoryLimit, Failed: cronJob.spec.failedJobsHistoryLimit };
    for (const [type, limit] of Object.entries(limits)) {
      if (limit === undefined) continue;
      const ended = owned.filter((job) => finishedCondition(job)?.type === type).sort(byStart);
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) {
        if (job.metadata.deletionTimestamp === undefined) await this.#delete(cronJob, job, status).catch(() => {});
      }
    }
  }

  async #delete(cronJob: CronJob, job: Job, status: Progress): Promise<void> {
    const { namespace = '', name, uid } = job.metadata;
    try {
      const options = { propagationPolicy: 'Background', preconditions: { uid } } as const;
      await this.#context.client.resource(jobs).delete(namespace, name, options);
    } catch (error) {
      if (!isNotFound(error)) {
        this.#recorder.event(cronJob, 'Warning', 'FailedDelete', `Deleted job: ${messageOf(error)}`);
        throw error;
      }
    }
    deactivate(status, uid);
    this.#recorder.event(cronJob, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`);
  }

  async #get({ namespace = '', name = '', uid }: ObjectReference): Promise<Job | undefined> {
    try {
      const job = await this.#context.client.resource(jobs).get(namespace, name);
      return job.metadata.uid === uid ? job : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** Its name says when it was due, so that one start makes one Job however often it is tried. */
function jobOf(cronJob: CronJob, name: string, at: number) {
  const { jobTemplate, timeZone } = cronJob.spec;
  const { labels, annotations } = jobTemplate.metadata ?? {};
  return {
    metadata: {
      name,
      namespace: cronJob.metadata.namespace,
      ...(labels && { labels }),
      annotations: { ...annotations, [SCHEDULED]: new LocalTime(timeZone).format(at) },
      ownerReferences: [newControllerRef(cronJob)],
    },
    spec: jobTemplate.spec,
  } satisfies Draft<Job>;
}

const isActive = (status: CronJobStatus, uid: string): boolean =>
  (status.active ?? []).some((reference) => reference.uid === uid);

function deactivate(status: Progress, uid: string | undefined): void {
  const left = (status.active ?? []).filter((reference) => reference.uid !== uid);
  if (left.length > 0) status.active = left;
  else delete status.active;
}

function changed(a: CronJobStatus, b: CronJobStatus): boolean {
  const active = (status: CronJobStatus) => (status.active ?? []).map(({ uid }) => uid).join();
  return (
    a.lastScheduleTime !== b.lastScheduleTime ||
    a.lastSuccessfulTime !== b.lastSuccessfulTime ||
    active(a) !== active(b)
  );
}

function byStart(a: Job, b: Job): number {
  const [startA, startB] = [a.status.startTime, b.status.startTime];
  if (startA && startB && startA !== startB) return timeToMs(startA) - timeToMs(startB);
  if (!startA !== !startB) return startA ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** "Thu, 01 Jan 2026 00:00:00 UTC" */
const rfc1123 = (ms: number): string => new Date(ms).toUTCString().replace(/GMT$/, 'UTC');
