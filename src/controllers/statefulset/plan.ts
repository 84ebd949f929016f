import type { StatefulSet } from '../../api/apps/v1.gen.ts';
import type { Pod } from '../../api/core/v1.gen.ts';
import { isPodAvailable, isPodReady, isPodTerminal } from '../shared/pods.ts';
import { missingLabels, ordinalOf, ordinalRange, revisionOf } from './identity.ts';

export interface Members {
  /** One for each ordinal in range, in order; undefined where there is none. */
  readonly replicas: readonly (Pod | undefined)[];
  /** Pods with ordinals out of range, highest first. */
  readonly condemned: readonly Pod[];
}

export interface Plan {
  /** Ordinals that get a pod. */
  readonly create: readonly number[];
  readonly remove: readonly Pod[];
  /** Pods that wait for claims which may have been lost. */
  readonly claims: readonly Pod[];
  /** Pods that were adopted without their labels. */
  readonly identify: readonly Pod[];
}

export function membersOf(set: StatefulSet, pods: readonly Pod[]): Members {
  const { start, end } = ordinalRange(set);
  const replicas: (Pod | undefined)[] = Array.from({ length: end - start }, () => undefined);
  const condemned: Pod[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal >= start && ordinal < end) replicas[ordinal - start] = pod;
    else if (ordinal >= 0) condemned.push(pod);
  }
  condemned.sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a));
  return { replicas, condemned };
}

const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** Running, ready for long enough, and not on its way out. */
const isHealthy = (pod: Pod, minReadySeconds: number, now: number): boolean =>
  pod.status.phase === 'Running' && isPodReady(pod) && isPodAvailable(pod, minReadySeconds, now) && !isTerminating(pod);

/**
 * What to do next. With OrderedReady that is at most one creation or deletion: pods come in the order of their
 * ordinals, each after all before it are healthy, and go in the opposite order. With Parallel only updates wait.
 * https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees
 */
export function plan(set: StatefulSet, { replicas, condemned }: Members, updateRevision: string, now: number): Plan {
  const create: number[] = [];
  const remove: Pod[] = [];
  const claims: Pod[] = [];
  const identify: Pod[] = [];
  const result = { create, remove, claims, identify };
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  const healthy = (pod: Pod | undefined) => pod !== undefined && isHealthy(pod, set.spec.minReadySeconds ?? 0, now);
  const { start } = ordinalRange(set);

  for (const [index, pod] of replicas.entries()) {
    if (!pod) {
      create.push(start + index);
      if (ordered) return result;
      continue;
    }
    if (isPodTerminal(pod)) {
      if (!isTerminating(pod)) remove.push(pod);
      if (ordered) return result;
      continue;
    }
    if (pod.status.phase === 'Pending') claims.push(pod);
    if (ordered && !healthy(pod)) return result;
    if (missingLabels(set, pod)) identify.push(pod);
  }

  const firstUnhealthy = condemned.findLast((pod) => !healthy(pod));
  for (const pod of condemned) {
    if (!isTerminating(pod)) {
      if (ordered && !healthy(pod) && pod !== firstUnhealthy) return result;
      remove.push(pod);
    }
    if (ordered) return result;
  }

  const { type, rollingUpdate } = set.spec.updateStrategy;
  if (type === 'OnDelete') return result;
  let budget = maxUnavailable(rollingUpdate?.maxUnavailable, replicas.length);
  for (let index = replicas.length - 1; index >= (rollingUpdate?.partition ?? 0) && budget > 0; index--) {
    const pod = replicas[index];
    const outdated = pod && revisionOf(pod) !== updateRevision && !isTerminating(pod) && !remove.includes(pod);
    if (outdated) remove.push(pod);
    if (outdated || !healthy(pod)) budget--;
  }
  return result;
}

/** A number, or a percentage of the replicas rounded up; at least one. */
function maxUnavailable(value: number | string | undefined, replicas: number): number {
  const percent = typeof value === 'string' ? /^(\d+)%$/.exec(value)?.[1] : undefined;
  const number = percent === undefined ? Number(value ?? 1) : Math.ceil((Number(percent) * replicas) / 100);
  return Math.max(1, number || 1);
}
