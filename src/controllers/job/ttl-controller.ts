import { type Job, jobs } from '../../api/batch/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { timeToMs } from '../../schema/time.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { finishedCondition } from './conditions.ts';

/**
 * Deletes finished Jobs when their time is up.
 * https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
 */
export function startTtlAfterFinishedController(context: ControllerContext): ControllerHandle {
  const { client, clock } = context;
  const informer = context.informers.informer(jobs);

  async function reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const job = informer.store.get(namespace, name);
    const at = job && expiresAt(job);
    if (!job || at === undefined) return;
    const left = at - clock.now();
    if (left > 0) {
      queue.addAfter(key, left);
      return;
    }
    try {
      // The time may have been changed since; what is deleted must be what has expired.
      const fresh = await client.resource(jobs).get(namespace, name);
      const still = expiresAt(fresh);
      if (fresh.metadata.uid !== job.metadata.uid || still === undefined || still > clock.now()) return;
      const preconditions = { uid: fresh.metadata.uid, resourceVersion: fresh.metadata.resourceVersion };
      await client.resource(jobs).delete(namespace, name, { propagationPolicy: 'Foreground', preconditions });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  return startReconciler(context, {
    name: 'ttl_jobs_to_delete',
    workers: 1,
    waitFor: [informer],
    observe: (queue) => {
      const look = (job: Job) => {
        if (expiresAt(job) !== undefined) queue.add(keyOf(job));
      };
      return [informer.addHandler({ onAdd: look, onUpdate: (_, job) => look(job) })];
    },
    reconcile,
  });
}

/** Milliseconds since the epoch; undefined for a Job that is not to be deleted, or is being deleted already. */
function expiresAt(job: Job): number | undefined {
  const { ttlSecondsAfterFinished: ttl } = job.spec;
  const finished = finishedCondition(job)?.lastTransitionTime;
  if (ttl === undefined || !finished || job.metadata.deletionTimestamp) return undefined;
  return timeToMs(finished) + ttl * 1000;
}
