import type { Node, NodeCondition, Taint } from '../../api/core/v1.gen.ts';
import { formatTime } from '../../schema/time.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Condition type and status, and the taint that goes with it. */
const TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};
const NO_SCHEDULE_KEYS = new Set([UNSCHEDULABLE, ...Object.values(TAINTS).flatMap((by) => Object.values(by))]);
const NO_EXECUTE_KEYS = new Set([NOT_READY, UNREACHABLE]);

/** What only the kubelet knows. NetworkUnavailable is the network's to say. */
const FROM_KUBELET = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

export function readyCondition(node: Node): NodeCondition | undefined {
  return node.status.conditions?.find(({ type }) => type === 'Ready');
}

export function isReady(node: Node): boolean {
  return readyCondition(node)?.status === 'True';
}

/** The conditions of a node that has not been heard of for too long. */
export function unknownConditions(node: Node, now: number): NodeCondition[] {
  const lastTransitionTime = formatTime(now);
  const conditions = (node.status.conditions ?? []).map((condition) =>
    FROM_KUBELET.includes(condition.type) && condition.status !== 'Unknown'
      ? {
          ...condition,
          status: 'Unknown',
          reason: 'NodeStatusUnknown',
          message: 'Kubelet stopped posting node status.',
          lastTransitionTime,
        }
      : condition,
  );
  for (const type of FROM_KUBELET) {
    if (conditions.some((condition) => condition.type === type)) continue;
    conditions.push({
      type,
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
      message: 'Kubelet never posted node status.',
      lastHeartbeatTime: node.metadata.creationTimestamp,
      lastTransitionTime,
    });
  }
  return conditions;
}

/** Which NoExecute taint the node's state asks for, if any. */
export function evictingTaint(node: Node): string | undefined {
  return TAINTS.Ready?.[readyCondition(node)?.status ?? ''];
}

/** Whether the node has that NoExecute taint. */
export function isEvicting(node: Node, key: string): boolean {
  return (node.spec.taints ?? []).some((taint) => taint.key === key && taint.effect === 'NoExecute');
}

/**
 * The node's taints as its conditions ask for them, and `evicting` for those that drive pods away. Undefined when it
 * has them. https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-nodes-by-condition
 */
export function taintsOf(node: Node, evicting: string | undefined, now: number): Taint[] | undefined {
  const wanted: Taint[] = [];
  for (const { type, status } of node.status.conditions ?? []) {
    const key = TAINTS[type]?.[status];
    if (key) wanted.push({ key, effect: 'NoSchedule' });
  }
  if (node.spec.unschedulable) wanted.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' });
  if (evicting) wanted.push({ key: evicting, effect: 'NoExecute' });

  const present = node.spec.taints ?? [];
  const same = (a: Taint, b: Taint) => a.key === b.key && a.effect === b.effect;
  const kept = present.filter((taint) => !isOurs(taint) || wanted.some((other) => same(taint, other)));
  const added = wanted.filter((taint) => !present.some((other) => same(taint, other)));
  if (kept.length === present.length && added.length === 0) return undefined;
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: formatTime(now) }))];
}

function isOurs({ key, effect }: Taint): boolean {
  if (effect === 'NoSchedule') return NO_SCHEDULE_KEYS.has(key);
  return effect === 'NoExecute' && NO_EXECUTE_KEYS.has(key);
}

/** Labels that old clients look for, where they differ from those that replaced them. */
export function betaLabels(node: Node): Record<string, string> | undefined {
  const labels = node.metadata.labels ?? {};
  const wrong = ['os', 'arch'].filter((name) => {
    const value = labels[`kubernetes.io/${name}`];
    return value !== undefined && labels[`beta.kubernetes.io/${name}`] !== value;
  });
  if (wrong.length === 0) return undefined;
  return Object.fromEntries(wrong.map((name) => [`beta.kubernetes.io/${name}`, labels[`kubernetes.io/${name}`] ?? '']));
}
