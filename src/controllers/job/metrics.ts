import type { Job } from '../../api/batch/v1.gen.ts';
import { exponential, type Histogram, labelText, type Registry, type Values } from '../../utils/metrics.ts';
import { finishedCondition } from './conditions.ts';

/** What a look at a Job did: nothing new, only counted while earlier writes were not seen yet, or changed its pods. */
export type SyncAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

/** In seconds, kube-controller-manager's. */
const syncBounds = exponential(0.004, 2, 15);

/** What becomes of Jobs and their pods, under kube-controller-manager's names. */
export class JobMetrics {
  readonly #syncs: Values;
  readonly #duration: Histogram;
  readonly #finished: Values;
  readonly #pods: Values;

  constructor(registry: Registry) {
    this.#syncs = registry.counter('job_controller_job_syncs_total', '[STABLE] Looks at Jobs.');
    this.#duration = registry.histogram(
      'job_controller_job_sync_duration_seconds',
      '[STABLE] Seconds that a look at a Job took.',
      syncBounds,
    );
    this.#finished = registry.counter('job_controller_jobs_finished_total', '[STABLE] Jobs that ended.');
    this.#pods = registry.counter('job_controller_job_pods_finished_total', '[STABLE] Pods of Jobs that were counted.');
  }

  synced(job: Job, action: SyncAction, succeeded: boolean, milliseconds: number): void {
    const labels = labelText({ action, completion_mode: modeOf(job), result: succeeded ? 'success' : 'error' });
    this.#syncs.add(labels);
    this.#duration.observe(labels, milliseconds / 1000);
  }

  /** A Job's status was written. */
  changed(before: Job, job: Job): void {
    const completion_mode = modeOf(job);
    for (const result of ['succeeded', 'failed'] as const) {
      const more = (job.status[result] ?? 0) - (before.status[result] ?? 0);
      if (more > 0) this.#pods.add(labelText({ completion_mode, result }), more);
    }
    const end = finishedCondition(job);
    if (!end || finishedCondition(before)) return;
    const result = end.type === 'Complete' ? 'succeeded' : 'failed';
    // Reasons are the job controller's own words.
    this.#finished.add(labelText({ completion_mode, reason: end.reason ?? '', result }));
  }
}

const modeOf = ({ spec }: Job): string => (spec.completionMode === 'Indexed' ? 'Indexed' : 'NonIndexed');
