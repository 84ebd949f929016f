import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '../../api/apiextensions/v1.gen.ts';
import { formatTime } from '../../schema/time.ts';

export type Conditions = readonly CustomResourceDefinitionCondition[];
export type Condition = Required<Pick<CustomResourceDefinitionCondition, 'type' | 'status' | 'reason' | 'message'>>;

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export const conditionOf = (
  { status }: CustomResourceDefinition,
  type: string,
): CustomResourceDefinitionCondition | undefined =>
  (status.conditions ?? []).find((condition) => condition.type === type);

/** The conditions with one set; when its status last changed is kept while it stays. `now` in milliseconds. */
export function withCondition(conditions: Conditions | undefined, condition: Condition, now: number): Conditions {
  const all = conditions ?? [];
  const at = all.findIndex(({ type }) => type === condition.type);
  const old = all[at];
  const moved = old?.status !== condition.status || !old.lastTransitionTime;
  const { type, status, reason, message } = condition;
  const lastTransitionTime = moved ? formatTime(now) : old.lastTransitionTime;
  const set = { type, status, lastTransitionTime, reason, message };
  return at < 0 ? [...all, set] : all.with(at, set);
}

export function isSaid(conditions: Conditions | undefined, condition: Condition): boolean {
  const old = (conditions ?? []).find(({ type }) => type === condition.type);
  return old?.status === condition.status && old.reason === condition.reason && old.message === condition.message;
}
