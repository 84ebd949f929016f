import type { Deployment, ReplicaSet } from '../../api/apps/v1.gen.ts';
import { scaledValue } from '../../schema/int-or-string.ts';
import { byCreation } from '../shared/order.ts';
import { DESIRED_REPLICAS, type Generations, MAX_REPLICAS } from './revisions.ts';

/** A ReplicaSet is to have so many replicas. */
export interface Scaling {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

export const replicasOf = (object: Deployment | ReplicaSet): number => object.spec.replicas ?? 1;
const availableOf = (set: ReplicaSet): number => set.status.availableReplicas ?? 0;
export const isActive = (set: ReplicaSet): boolean => replicasOf(set) > 0;
export const sumReplicas = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0);
export const allOf = ({ current, old }: Generations): readonly ReplicaSet[] => (current ? [...old, current] : old);

const isRolling = (deployment: Deployment): boolean => deployment.spec.strategy.type === 'RollingUpdate';

/** How far a rolling update may go above and below the wanted number; never nowhere at all. */
export function limits(deployment: Deployment): { surge: number; unavailable: number } {
  if (!isRolling(deployment)) return { surge: 0, unavailable: 0 };
  const replicas = replicasOf(deployment);
  const { maxSurge = 0, maxUnavailable = 0 } = deployment.spec.strategy.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, replicas, true);
  const unavailable = scaledValue(maxUnavailable, replicas, false);
  // Small percentages of few replicas round to nothing; one pod at a time is the least that makes progress.
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** How many pods may be missing, which is none of those that are not asked for. */
export function maxUnavailable(deployment: Deployment): number {
  return Math.min(limits(deployment).unavailable, replicasOf(deployment));
}

/** The size that the current ReplicaSet may have now while the old ones are as they are. */
export function currentSize(deployment: Deployment, all: readonly ReplicaSet[], size: number): number {
  const wanted = replicasOf(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + limits(deployment).surge - sumReplicas(all);
  return room <= 0 ? size : size + Math.min(room, wanted - size);
}

/** The next step up of the current ReplicaSet, or down where it is too large. */
export function scaleCurrent(deployment: Deployment, generations: Generations): Scaling | undefined {
  const set = generations.current;
  if (!set || replicasOf(set) === replicasOf(deployment)) return undefined;
  const replicas =
    replicasOf(set) > replicasOf(deployment)
      ? replicasOf(deployment)
      : currentSize(deployment, allOf(generations), replicasOf(set));
  return replicas === replicasOf(set) ? undefined : { set, replicas };
}

/**
 * The next steps down of the old ReplicaSets in a rolling update. What is taken away never brings the available pods
 * below the minimum, and pods of the current ReplicaSet that are not available yet count as missing. Pods that are
 * not available go first, since nothing is lost with them.
 */
export function scaleOld(deployment: Deployment, generations: Generations): Scaling[] {
  const { current } = generations;
  const old = generations.old.filter(isActive);
  if (!current || old.length === 0) return [];
  const all = [...old, current];
  const minimum = replicasOf(deployment) - maxUnavailable(deployment);
  const budget = sumReplicas(all) - minimum - (replicasOf(current) - availableOf(current));
  if (budget <= 0) return [];
  const steps: Scaling[] = [];
  const size = new Map(old.map((set) => [set, replicasOf(set)]));

  const take = (set: ReplicaSet, count: number) => {
    const replicas = (size.get(set) ?? 0) - count;
    size.set(set, replicas);
    steps.push({ set, replicas });
  };

  let unhealthy = budget;
  for (const set of old) {
    const count = Math.min(unhealthy, replicasOf(set) - availableOf(set));
    if (count <= 0) continue;
    take(set, count);
    unhealthy -= count;
  }
  let spare = all.reduce((sum, set) => sum + availableOf(set), 0) - minimum;
  for (const set of old) {
    const count = Math.min(spare, size.get(set) ?? 0);
    if (count <= 0) continue;
    take(set, count);
    spare -= count;
  }
  return steps;
}

/**
 * What a change of `replicas` (or a pause in the middle of a rollout) means: all to the one ReplicaSet there is, or
 * to each its part, so that a rollout goes on with the proportions it had.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#proportional-scaling
 */
export function scaleProportionally(deployment: Deployment, generations: Generations): Scaling[] {
  const { current, old } = generations;
  const wanted = replicasOf(deployment);
  const active = allOf(generations).filter(isActive);
  if (active.length <= 1) {
    const only = active[0] ?? current ?? old.at(-1);
    return only && replicasOf(only) !== wanted ? [{ set: only, replicas: wanted }] : [];
  }
  if (current && isSaturated(deployment, current)) {
    return old.filter(isActive).map((set) => ({ set, replicas: 0 }));
  }
  if (!isRolling(deployment)) return [];
  const { surge } = limits(deployment);
  const change = (wanted > 0 ? wanted + surge : 0) - sumReplicas(active);
  // The largest gives or gets what rounding leaves over; of equals the newer gets and the older gives.
  const sets = [...active].sort(
    (a, b) => replicasOf(b) - replicasOf(a) || (change > 0 ? byCreation(b, a) : byCreation(a, b)),
  );
  let left = change;
  const sizes = sets.map((set) => {
    const part = proportion(deployment, set, change, left);
    left -= part;
    return replicasOf(set) + part;
  });
  return sets.map((set, i) => ({ set, replicas: Math.max(0, (sizes[i] ?? 0) + (i === 0 ? left : 0)) }));
}

/** A set's part of the change, no more than what is left of it. */
function proportion(deployment: Deployment, set: ReplicaSet, change: number, left: number): number {
  if (change === 0 || left === 0) return 0;
  const part = fraction(deployment, set);
  return change > 0 ? Math.min(part, left) : Math.max(part, left);
}

function fraction(deployment: Deployment, set: ReplicaSet): number {
  const size = replicasOf(set);
  if (replicasOf(deployment) === 0) return -size;
  const before = Number(set.metadata.annotations?.[MAX_REPLICAS] ?? 0) || (deployment.status.replicas ?? 0);
  if (!before) return 0;
  return Math.round((size * (replicasOf(deployment) + limits(deployment).surge)) / before) - size;
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const wanted = replicasOf(deployment);
  return (
    set.metadata.annotations?.[DESIRED_REPLICAS] === String(wanted) &&
    replicasOf(set) === wanted &&
    availableOf(set) === wanted
  );
}

/** Whether the Deployment's `replicas` changed since its ReplicaSets were last scaled. */
export function isScalingEvent(deployment: Deployment, generations: Generations): boolean {
  return allOf(generations).some((set) => {
    const desired = set.metadata.annotations?.[DESIRED_REPLICAS];
    return isActive(set) && desired !== undefined && Number(desired) !== replicasOf(deployment);
  });
}

/** Annotations that let a later change of size know the proportions of today. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = replicasOf(deployment);
  return { [DESIRED_REPLICAS]: String(wanted), [MAX_REPLICAS]: String(wanted + limits(deployment).surge) };
}
