import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from '../../api/apps/v1.gen.ts';
import type { Pod } from '../../api/core/v1.gen.ts';
import { labelSet } from '../../api/labels.ts';
import { formatTime } from '../../schema/time.ts';
import { messageOf } from '../shared/pod-control.ts';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';

export interface Observed {
  readonly active: readonly Pod[];
  /** Pods of the ReplicaSet that are being deleted and have not ended. */
  readonly terminating: number;
  /** What went wrong when pods were created or deleted. */
  readonly error?: unknown;
  readonly now: number;
}

/** The status that a ReplicaSet is to have, given its pods. */
export function calculateStatus(
  set: Pick<ReplicaSet, 'metadata' | 'spec' | 'status'>,
  observed: Observed,
): ReplicaSetStatus {
  const { active, terminating, error, now } = observed;
  const { replicas = 1, minReadySeconds = 0, template } = set.spec;
  const fullyLabeled = labelSet(template.metadata.labels);
  let labeled = 0;
  let ready = 0;
  let available = 0;
  for (const pod of active) {
    if (fullyLabeled.matches(pod.metadata.labels)) labeled++;
    if (isPodReady(pod)) ready++;
    if (isPodAvailable(pod, minReadySeconds, now)) available++;
  }
  let conditions: readonly ReplicaSetCondition[] = set.status.conditions ?? [];
  const failure = conditions.find((condition) => condition.type === 'ReplicaFailure');
  if (error !== undefined && !failure) {
    const reason = active.length < replicas ? 'FailedCreate' : active.length > replicas ? 'FailedDelete' : '';
    const time = formatTime(now);
    conditions = [
      ...conditions,
      { type: 'ReplicaFailure', status: 'True', lastTransitionTime: time, reason, message: messageOf(error) },
    ];
  } else if (error === undefined && failure) {
    conditions = conditions.filter((condition) => condition !== failure);
  }
  return {
    replicas: active.length,
    fullyLabeledReplicas: labeled,
    readyReplicas: ready,
    availableReplicas: available,
    terminatingReplicas: terminating,
    observedGeneration: set.metadata.generation ?? 0,
    ...(conditions.length > 0 && { conditions }),
  };
}

/** Whether the two say the same; counts of zero may be absent on the wire. */
export function sameStatus(a: ReplicaSetStatus, b: ReplicaSetStatus): boolean {
  return (
    a.replicas === b.replicas &&
    (a.fullyLabeledReplicas ?? 0) === (b.fullyLabeledReplicas ?? 0) &&
    (a.readyReplicas ?? 0) === (b.readyReplicas ?? 0) &&
    (a.availableReplicas ?? 0) === (b.availableReplicas ?? 0) &&
    a.terminatingReplicas === b.terminatingReplicas &&
    (a.observedGeneration ?? 0) === (b.observedGeneration ?? 0) &&
    // The only condition there is comes and goes; it does not change.
    (a.conditions ?? []).length === (b.conditions ?? []).length
  );
}
