import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/apps/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import { formatTime, timeToMs } from '../../schema/time.ts';
import type { Generations } from './revisions.ts';
import { allOf, maxUnavailable, replicasOf, sumReplicas } from './scaling.ts';

/** What a Deployment without a deadline has in this field. */
const NO_DEADLINE = 2 ** 31 - 1;

type Status = Readonly<DeploymentStatus>;

export function hasDeadline(deployment: Deployment): boolean {
  const { progressDeadlineSeconds } = deployment.spec;
  return progressDeadlineSeconds !== undefined && progressDeadlineSeconds !== NO_DEADLINE;
}

export function conditionOf(status: Status, type: string): DeploymentCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}

export interface NewCondition {
  readonly type: 'Available' | 'Progressing' | 'ReplicaFailure';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** Adds or replaces a condition; one with the same status and reason is left as it is. */
export function withCondition(status: Status, condition: NewCondition, now: number): Status {
  const before = conditionOf(status, condition.type);
  if (before?.status === condition.status && before.reason === condition.reason) return status;
  const time = formatTime(now);
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : time;
  const others = (status.conditions ?? []).filter((other) => other.type !== condition.type);
  return { ...status, conditions: [...others, { ...condition, lastUpdateTime: time, lastTransitionTime }] };
}

function withoutCondition(status: Status, type: string): Status {
  if (!conditionOf(status, type)) return status;
  const { conditions = [], ...rest } = status;
  const others = conditions.filter((condition) => condition.type !== type);
  return others.length > 0 ? { ...rest, conditions: others } : rest;
}

/** Counts, and the Available condition. */
export function calculateStatus(deployment: Deployment, generations: Generations, now: number): Status {
  const all = allOf(generations);
  const count = (of: (set: ReplicaSet) => number | undefined) => all.reduce((sum, set) => sum + (of(set) ?? 0), 0);
  const available = count((set) => set.status.availableReplicas);
  const { collisionCount, conditions } = deployment.status;
  const status: Status = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: count((set) => set.status.replicas),
    updatedReplicas: generations.current?.status.replicas ?? 0,
    readyReplicas: count((set) => set.status.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sumReplicas(all) - available),
    terminatingReplicas: count((set) => set.status.terminatingReplicas),
    ...(conditions && { conditions }),
    ...(collisionCount !== undefined && { collisionCount }),
  };
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
  const condition: NewCondition = enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
  return withCondition(status, condition, now);
}

/** The status during a rollout: `calculateStatus`, the Progressing condition, and failures of the ReplicaSets. */
export function rolloutStatus(deployment: Deployment, generations: Generations, now: number): Status {
  let status = calculateStatus(deployment, generations, now);
  const before = conditionOf(deployment.status, 'Progressing');
  const settled = status.replicas === status.updatedReplicas && before?.reason === 'NewReplicaSetAvailable';
  if (!hasDeadline(deployment)) status = withoutCondition(status, 'Progressing');
  else if (!settled) status = withProgress(status, deployment, generations, now);
  const failure = replicaFailure(generations);
  if (!failure) return withoutCondition(status, 'ReplicaFailure');
  const { type, lastTransitionTime } = failure;
  const known = conditionOf(status, type);
  if (known?.status === failure.status && known.reason === failure.reason) return status;
  const others = (status.conditions ?? []).filter((condition) => condition.type !== type);
  return { ...status, conditions: [...others, { ...failure, lastUpdateTime: lastTransitionTime }] };
}

function withProgress(status: Status, deployment: Deployment, { current }: Generations, now: number): Status {
  const who = current ? `ReplicaSet ${quote(current.metadata.name)}` : `Deployment ${quote(deployment.metadata.name)}`;
  if (isComplete(deployment, status)) {
    const message = `${who} has successfully progressed.`;
    return withCondition(
      status,
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message },
      now,
    );
  }
  if (isProgressing(deployment.status, status)) {
    // Told anew each time, since its lastUpdateTime is what the deadline counts from.
    const before = conditionOf(status, 'Progressing');
    const time = formatTime(now);
    const condition: DeploymentCondition = {
      type: 'Progressing',
      status: 'True',
      lastUpdateTime: time,
      lastTransitionTime: before?.status === 'True' ? before.lastTransitionTime : time,
      reason: 'ReplicaSetUpdated',
      message: `${who} is progressing.`,
    };
    const others = (status.conditions ?? []).filter((other) => other.type !== 'Progressing');
    return { ...status, conditions: [...others, condition] };
  }
  if (isTimedOut(deployment, status, now)) {
    const message = `${who} has timed out progressing.`;
    return withCondition(
      status,
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message },
      now,
    );
  }
  return status;
}

/** Every replica is of the current template and available, and nothing of the old is left. */
export function isComplete(deployment: Deployment, status: Status): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function isProgressing(before: Status, now: Status): boolean {
  const old = (status: Status) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isTimedOut(deployment: Deployment, status: Status, now: number): boolean {
  const condition = conditionOf(status, 'Progressing');
  if (!condition || condition.reason === 'NewReplicaSetAvailable') return false;
  if (condition.reason === 'ProgressDeadlineExceeded') return true;
  return deadline(deployment, condition) < now;
}

function deadline(deployment: Deployment, condition: DeploymentCondition): number {
  return timeToMs(condition.lastUpdateTime ?? '') + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;
}

/** Milliseconds until the Deployment is to be looked at again because its time may be up; undefined when never. */
export function untilDeadline(deployment: Deployment, status: Status, now: number): number | undefined {
  const condition = conditionOf(status, 'Progressing');
  if (!condition || !hasDeadline(deployment)) return undefined;
  if (isComplete(deployment, status) || condition.reason === 'ProgressDeadlineExceeded') return undefined;
  // Times are kept in whole seconds; a second more is on the safe side.
  return Math.max(deadline(deployment, condition) - now, 0) + 1000;
}

function replicaFailure({ current, old }: Generations): DeploymentCondition | undefined {
  for (const set of current ? [current, ...old] : old) {
    const failure = set.status.conditions?.find((condition) => condition.type === 'ReplicaFailure');
    if (failure) return failure;
  }
  return undefined;
}
