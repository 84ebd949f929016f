import { type Job, jobs } from '../../api/batch/v1.gen.ts';
import { type Pod, pods } from '../../api/core/v1.gen.ts';
import { labelSelector } from '../../api/labels.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import {
  claim,
  controlledBy,
  controllerOf,
  indexByController,
  resolveControllerRef,
} from '../shared/controller-ref.ts';
import { EXPECTATION_TIMEOUT_MS, Expectations } from '../shared/expectations.ts';
import { observePods } from '../shared/observe-pods.ts';
import { PodControl } from '../shared/pod-control.ts';
import { isPodActive } from '../shared/pods.ts';
import { startReconciler } from '../shared/start.ts';
import { type BackoffRecord, noFailures } from './backoff.ts';
import { finishedCondition } from './conditions.ts';
import { isTracked, removeTrackingFinalizer, TRACKING_FINALIZER } from './job-pods.ts';
import { JobSync } from './job-sync.ts';
import { JobMetrics } from './metrics.ts';

const WORKERS = 5;
const OWN_NAME = 'kubernetes.io/job-controller';

/** Runs Jobs to their end, and takes the tracking finalizer off pods that no Job counts any more. */
export function startJobController(context: ControllerContext): ControllerHandle {
  const controller = new JobController(context);
  const waitFor = [controller.jobs, controller.pods];
  const handles = [
    startReconciler(context, {
      name: 'job',
      workers: WORKERS,
      waitFor,
      observe: (queue) => controller.observe(queue),
      reconcile: (key, queue) => controller.reconcile(key, queue),
    }),
    startReconciler(context, {
      name: 'job_orphan_pod',
      workers: 1,
      waitFor,
      observe: (queue) => controller.observeOrphans(queue),
      reconcile: (key) => controller.releaseOrphan(key),
    }),
  ];
  return {
    async stop() {
      await Promise.all(handles.map((handle) => handle.stop()));
    },
  };
}

class JobController {
  readonly jobs: Informer<Job>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #podControl: PodControl;
  readonly #expectations: Expectations;
  readonly #metrics: JobMetrics | undefined;
  readonly #backoff = new Map<string, BackoffRecord>();
  /** By job: the version that we wrote last. */
  readonly #wrote = new Map<string, Job>();
  /** By job: uids of pods whose finalizer is off, until the informer shows it. */
  readonly #released = new Map<string, Set<string>>();

  constructor(context: ControllerContext) {
    this.#context = { ...context, recorder: context.recorder.as('job-controller') };
    this.jobs = context.informers.informer(jobs);
    this.pods = indexByController(context.informers.informer(pods));
    this.#podControl = new PodControl(context.client, this.#context.recorder);
    this.#expectations = new Expectations(context.clock);
    this.#metrics = context.metrics && new JobMetrics(context.metrics);
  }

  observe(queue: WorkQueue): (() => void)[] {
    const shown = (pod: Pod) => {
      const job = this.#jobOf(pod);
      if (job && !isTracked(pod)) this.#released.get(keyOf(job))?.delete(pod.metadata.uid);
    };
    return [
      this.jobs.addHandler({
        onAdd: (job) => queue.add(keyOf(job)),
        onUpdate: (before, job) => {
          this.#metrics?.changed(before, job);
          queue.add(keyOf(job));
        },
        onDelete: (job) => queue.add(keyOf(job)),
      }),
      this.pods.addHandler({
        onUpdate: (_, pod) => shown(pod),
        onDelete: (pod) => {
          const job = this.#jobOf(pod);
          if (job) this.#released.get(keyOf(job))?.delete(pod.metadata.uid);
        },
      }),
      observePods({
        pods: this.pods,
        owners: this.jobs,
        queue,
        expectations: this.#expectations,
        selectorOf: (job) => job.spec.selector,
      }),
    ];
  }

  async reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const job = this.jobs.store.get(namespace, name);
    if (!job || finishedCondition(job)) {
      this.#backoff.delete(key);
      if (!job) {
        this.#expectations.forget(key);
        this.#released.delete(key);
        this.#wrote.delete(key);
      }
      return;
    }
    const { managedBy } = job.spec;
    if (managedBy !== undefined && managedBy !== OWN_NAME) return;
    if (this.#isStale(key, job)) return; // its newer version wakes us
    const satisfied = this.#expectations.satisfied(key);
    if (!satisfied) queue.addAfter(key, EXPECTATION_TIMEOUT_MS + 1);
    const { client, clock, recorder } = this.#context;
    const owned = await claim({
      client,
      objects: this.pods,
      owner: job,
      owners: jobs,
      selector: labelSelector(job.spec.selector),
      adoptable: isPodActive,
      finalizer: TRACKING_FINALIZER,
    });
    const released = this.#released.get(key) ?? new Set();
    this.#released.set(key, released);
    const sync = new JobSync({
      client,
      clock,
      recorder,
      podControl: this.#podControl,
      expectations: this.#expectations,
      key,
      job,
      pods: owned,
      released,
      satisfied,
      backoff: this.#backoff.get(key) ?? noFailures,
      saveBackoff: (record) => this.#backoff.set(key, record),
      wrote: (written) => this.#wrote.set(key, written),
    });
    const began = performance.now();
    let succeeded = false;
    try {
      await sync.run();
      succeeded = true;
    } finally {
      this.#metrics?.synced(job, sync.action, succeeded, performance.now() - began);
    }
    if (sync.wait !== undefined) queue.addAfter(key, sync.wait);
  }

  /**
   * Whether the informer does not show our own last write yet. Pods that were counted in it would be counted neither
   * by the old status nor by their finalizers, and others be created in their place.
   */
  #isStale(key: string, job: Job): boolean {
    const written = this.#wrote.get(key);
    if (!written || written.metadata.uid !== job.metadata.uid) return false;
    return Number(job.metadata.resourceVersion) < Number(written.metadata.resourceVersion);
  }

  observeOrphans(queue: WorkQueue): (() => void)[] {
    const look = (pod: Pod) => {
      if (isTracked(pod) && !this.#countedByJob(pod)) queue.add(keyOf(pod));
    };
    return [
      this.pods.addHandler({ onAdd: look, onUpdate: (_, pod) => look(pod) }),
      this.jobs.addHandler({
        onDelete: (job) => {
          for (const pod of controlledBy(this.pods, job)) look(pod);
        },
      }),
    ];
  }

  async releaseOrphan(key: string): Promise<void> {
    const { namespace, name } = splitKey(key);
    const pod = this.pods.store.get(namespace, name);
    if (!pod || !isTracked(pod) || this.#countedByJob(pod)) return;
    await removeTrackingFinalizer(this.#context.client, pod);
  }

  #jobOf(pod: Pod): Job | undefined {
    return resolveControllerRef(this.jobs, pod.metadata.namespace ?? '', controllerOf(pod));
  }

  /** Before the jobs are listed nothing can be said about who counts a pod. */
  #countedByJob(pod: Pod): boolean {
    if (!this.jobs.synced) return false;
    const job = this.#jobOf(pod);
    return job !== undefined && finishedCondition(job) === undefined;
  }
}
