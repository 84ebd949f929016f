import type { ContainerStatus, Pod } from '../../api/core/v1.gen.ts';
import { timeToMs } from '../../schema/time.ts';
import { podCondition } from '../shared/pods.ts';

const FIRST_MS = 10_000;
const LONGEST_MS = 10 * 60_000;

/** Failures since the last success; what decides when the next pod may start. */
export interface BackoffRecord {
  readonly failures: number;
  readonly lastFailure: number;
}

export const noFailures: BackoffRecord = { failures: 0, lastFailure: Number.NEGATIVE_INFINITY };

/** The record after these pods have ended. */
export function afterEnds(before: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  const failures = failed.map(finishedAt).sort((a, b) => a - b);
  if (succeeded.length === 0) {
    const last = failures.at(-1);
    return last === undefined ? before : { failures: before.failures + failures.length, lastFailure: last };
  }
  const success = Math.max(...succeeded.map(finishedAt));
  const since = failures.filter((time) => time > success);
  return { failures: since.length, lastFailure: since.at(-1) ?? Number.NEGATIVE_INFINITY };
}

/** Milliseconds until a pod may be created: 10 s after one failure, twice as long after each more, 10 min at most. */
export function remaining({ failures, lastFailure }: BackoffRecord, now: number): number {
  if (failures === 0) return 0;
  const backoff = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 30), LONGEST_MS);
  return Math.max(0, lastFailure + backoff - now);
}

/** When a pod ended, in milliseconds since the epoch, as well as it can be told. */
export function finishedAt(pod: Pod): number {
  const sidecars = new Set(pod.spec.initContainers?.filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  const containers = [
    ...(pod.status.containerStatuses ?? []),
    ...(pod.status.initContainerStatuses ?? []).filter((status) => sidecars.has(status.name)),
  ];
  const ended = latestEnd(containers);
  if (ended !== undefined) return ended;
  const ready = podCondition(pod, 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime) return timeToMs(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata;
  if (deletionTimestamp) return timeToMs(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  return timeToMs(creationTimestamp);
}

/** Undefined unless all of them have ended. */
function latestEnd(containers: readonly ContainerStatus[]): number | undefined {
  let latest: number | undefined;
  for (const { state } of containers) {
    const text = state?.terminated?.finishedAt;
    if (!text) return undefined;
    latest = Math.max(latest ?? 0, timeToMs(text));
  }
  return latest;
}
