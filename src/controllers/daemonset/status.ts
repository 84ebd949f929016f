import type { DaemonSetStatus } from '../../api/apps/v1.gen.ts';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';
import { REVISION_LABEL } from '../shared/revisions.ts';
import { placement } from './placement.ts';
import { byAge, type View } from './plan.ts';

/** `observed`: whether this pass acted upon the DaemonSet's present generation. */
export function calculateStatus(view: View, observed: boolean): DaemonSetStatus {
  const { set, nodes, pods, hash, now } = view;
  let desired = 0;
  let current = 0;
  let misscheduled = 0;
  let ready = 0;
  let available = 0;
  let updated = 0;
  for (const node of nodes) {
    const [pod] = [...(pods.get(node.metadata.name) ?? [])].sort(byAge);
    if (!placement(set, node).shouldRun) {
      if (pod) misscheduled++;
      continue;
    }
    desired++;
    if (!pod) continue;
    current++;
    if (isPodReady(pod)) ready++;
    if (isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now)) available++;
    if (pod.metadata.labels?.[REVISION_LABEL] === hash) updated++;
  }
  const { collisionCount, conditions, observedGeneration = 0 } = set.status;
  return {
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    desiredNumberScheduled: desired,
    numberReady: ready,
    observedGeneration: observed ? (set.metadata.generation ?? 0) : observedGeneration,
    updatedNumberScheduled: updated,
    numberAvailable: available,
    numberUnavailable: desired - available,
    ...(collisionCount !== undefined && { collisionCount }),
    ...(conditions && { conditions }),
  };
}

/** Counts of zero may be absent on the wire. */
export function sameStatus(a: DaemonSetStatus, b: DaemonSetStatus): boolean {
  return (
    a.currentNumberScheduled === b.currentNumberScheduled &&
    a.numberMisscheduled === b.numberMisscheduled &&
    a.desiredNumberScheduled === b.desiredNumberScheduled &&
    a.numberReady === b.numberReady &&
    (a.observedGeneration ?? 0) === (b.observedGeneration ?? 0) &&
    (a.updatedNumberScheduled ?? 0) === (b.updatedNumberScheduled ?? 0) &&
    (a.numberAvailable ?? 0) === (b.numberAvailable ?? 0) &&
    (a.numberUnavailable ?? 0) === (b.numberUnavailable ?? 0)
  );
}
