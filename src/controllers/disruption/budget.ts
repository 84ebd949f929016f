import type { Pod } from '../../api/core/v1.gen.ts';
import type { Condition } from '../../api/meta/v1.gen.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/policy/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { formatTime, timeToMs } from '../../schema/time.ts';
import { isPodReady } from '../shared/pods.ts';

/** An evicted pod that is not being deleted after so long was not evicted after all. */
const DELETION_TIMEOUT_MS = 2 * 60_000;

export interface Disrupted {
  /** Names of evicted pods whose deletion does not show yet, with the time of eviction. */
  readonly pods: Readonly<Record<string, string>>;
  /** Pods that were expected to go and did not. */
  readonly notDeleted: readonly Pod[];
  /** Milliseconds until one of `pods` has been waited for too long; undefined when there are none. */
  readonly recheckAfter: number | undefined;
}

/** What remains of the evictions that a budget has on record. */
export function disruptedPods(budget: PodDisruptionBudget, pods: readonly Pod[], now: number): Disrupted {
  const known = budget.status.disruptedPods ?? {};
  const left: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let recheckAfter: number | undefined;
  for (const pod of pods) {
    const evicted = Object.hasOwn(known, pod.metadata.name) ? known[pod.metadata.name] : undefined;
    if (evicted === undefined || pod.metadata.deletionTimestamp) continue;
    const wait = timeToMs(evicted) + DELETION_TIMEOUT_MS - now;
    if (wait < 0) {
      notDeleted.push(pod);
      continue;
    }
    left[pod.metadata.name] = evicted;
    recheckAfter = Math.min(recheckAfter ?? wait, wait);
  }
  return { pods: left, notDeleted, recheckAfter };
}

export interface Expectation {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
}

/** `scale` is how many pods the controllers of the budget's pods ask for; unused where `needsScale` is false. */
export function expectation({ spec }: PodDisruptionBudget, pods: number, scale: number): Expectation {
  if (spec.maxUnavailable !== undefined) {
    const desiredHealthy = Math.max(0, scale - scaled(spec.maxUnavailable, scale));
    return { expectedPods: scale, desiredHealthy };
  }
  if (typeof spec.minAvailable === 'number') return { expectedPods: pods, desiredHealthy: spec.minAvailable };
  if (spec.minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
  return { expectedPods: scale, desiredHealthy: scaled(spec.minAvailable, scale) };
}

/** Whether one has to know how many pods there should be. */
export const needsScale = ({ spec }: PodDisruptionBudget): boolean =>
  spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';

/** A number, or a percentage of `total` rounded up. */
function scaled(value: number | string, total: number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  if (percent === undefined) throw new Error('invalid type: string is not a percentage');
  return Math.ceil((Number(percent) * total) / 100);
}

export function budgetStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  { expectedPods, desiredHealthy }: Expectation,
  disrupted: Disrupted,
  now: number,
): PodDisruptionBudgetStatus {
  const currentHealthy = pods.filter(
    (pod) => !pod.metadata.deletionTimestamp && !Object.hasOwn(disrupted.pods, pod.metadata.name) && isPodReady(pod),
  ).length;
  // Without pods nothing may be disrupted: the first ones must be counted before.
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const observedGeneration = budget.metadata.generation ?? 0;
  const allowed = disruptionsAllowed > 0;
  return {
    observedGeneration,
    ...(Object.keys(disrupted.pods).length > 0 && { disruptedPods: disrupted.pods }),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    conditions: withCondition(budget.status.conditions, now, {
      type: 'DisruptionAllowed',
      status: allowed ? 'True' : 'False',
      observedGeneration,
      reason: allowed ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    }),
  };
}

/** The status when nothing can be said: nothing may be disrupted, and why. */
export function failedStatus(budget: PodDisruptionBudget, message: string, now: number): PodDisruptionBudgetStatus {
  return {
    ...budget.status,
    disruptionsAllowed: 0,
    conditions: withCondition(budget.status.conditions, now, {
      type: 'DisruptionAllowed',
      status: 'False',
      observedGeneration: budget.status.observedGeneration ?? 0,
      reason: 'SyncFailed',
      message,
    }),
  };
}

function withCondition(
  conditions: readonly Condition[] = [],
  now: number,
  wanted: Omit<Condition, 'lastTransitionTime'>,
): readonly Condition[] {
  const old = conditions.find(({ type }) => type === wanted.type);
  const lastTransitionTime = old?.status === wanted.status ? old.lastTransitionTime : formatTime(now);
  const condition = { ...wanted, lastTransitionTime };
  return old ? conditions.map((one) => (one === old ? condition : one)) : [...conditions, condition];
}

/** Absent numbers and maps are zeros and empty on the way back from the server. */
export function sameStatus(a: PodDisruptionBudgetStatus, b: PodDisruptionBudgetStatus): boolean {
  return deepEqual(full(a), full(b));
}

const full = (status: PodDisruptionBudgetStatus) => ({
  ...status,
  observedGeneration: status.observedGeneration ?? 0,
  disruptedPods: status.disruptedPods ?? {},
  conditions: (status.conditions ?? []).map((one) => ({ ...one, observedGeneration: one.observedGeneration ?? 0 })),
});
