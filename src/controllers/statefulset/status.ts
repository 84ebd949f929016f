import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '../../api/apps/v1.gen.ts';
import type { Pod } from '../../api/core/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';
import { revisionOf } from './identity.ts';

export interface StatusInput {
  readonly pods: readonly Pod[];
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly now: number;
}

export function calculateStatus(set: StatefulSet, { pods, current, update, now }: StatusInput): StatefulSetStatus {
  const { minReadySeconds = 0, updateStrategy } = set.spec;
  const count = (wanted: (pod: Pod) => boolean) => pods.filter(wanted).length;
  const isReady = (pod: Pod) => pod.status.phase === 'Running' && isPodReady(pod);
  const has = (revision: ControllerRevision) => (pod: Pod) =>
    !pod.metadata.deletionTimestamp && revisionOf(pod) === revision.metadata.name;
  const replicas = pods.length;
  const readyReplicas = count(isReady);
  const updatedReplicas = count(has(update));
  const { collisionCount = 0, conditions } = set.status;
  // An update is over when every pod has it: what it led to is what is current then.
  const over = updateStrategy.type !== 'OnDelete' && updatedReplicas === replicas && readyReplicas === replicas;
  return {
    observedGeneration: set.metadata.generation,
    replicas,
    readyReplicas,
    currentReplicas: over ? updatedReplicas : count(has(current)),
    updatedReplicas,
    currentRevision: (over ? update : current).metadata.name,
    updateRevision: update.metadata.name,
    collisionCount,
    ...(conditions && { conditions }),
    availableReplicas: count((pod) => isReady(pod) && isPodAvailable(pod, minReadySeconds, now)),
  };
}

/** Zeros may be absent on the way back from the server. */
export function sameStatus(a: StatefulSetStatus, b: StatefulSetStatus): boolean {
  return deepEqual(withZeros(a), withZeros(b));
}

const withZeros = (status: StatefulSetStatus) => ({
  ...status,
  readyReplicas: status.readyReplicas ?? 0,
  currentReplicas: status.currentReplicas ?? 0,
  updatedReplicas: status.updatedReplicas ?? 0,
  availableReplicas: status.availableReplicas ?? 0,
  collisionCount: status.collisionCount ?? 0,
});
