import type { ContainerStatus, Pod } from '../../api/core/v1.gen.ts';
import { timeToMs } from '../../schema/time.ts';
import { isPodActive, isPodReady, readySince } from './pods.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * Which of the pods to delete first when there are `count` too many. `related` are the pods of all ReplicaSets with
 * the same owner: a node that has several of them loses one before a node that has one.
 * https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset
 */
export function podsToDelete(pods: readonly Pod[], related: readonly Pod[], count: number, now: number): Pod[] {
  if (count >= pods.length) return [...pods];
  const onNode = new Map<string, number>();
  for (const pod of related) {
    if (!isPodActive(pod)) continue;
    const node = pod.spec.nodeName ?? '';
    onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const rank = (pod: Pod) => onNode.get(pod.spec.nodeName ?? '') ?? 0;
  return [...pods].sort((a, b) => compare(a, b, rank, now)).slice(0, count);
}

/** Negative when `a` is the better one to delete; the first difference decides. */
function compare(a: Pod, b: Pod, rank: (pod: Pod) => number, now: number): number {
  const assigned = Number(!!a.spec.nodeName) - Number(!!b.spec.nodeName);
  if (assigned) return assigned;
  const phase = (phases[a.status.phase ?? ''] ?? 0) - (phases[b.status.phase ?? ''] ?? 0);
  if (phase) return phase;
  const ready = Number(isPodReady(a)) - Number(isPodReady(b));
  if (ready) return ready;
  const cost = deletionCost(a) - deletionCost(b);
  if (cost) return cost;
  const doubled = rank(b) - rank(a);
  if (doubled) return doubled;
  if (isPodReady(a)) {
    const age = compareAges(a, b, readySince(a), readySince(b), now);
    if (age) return age;
  }
  const restarts = maxRestarts(b.status.containerStatuses) - maxRestarts(a.status.containerStatuses);
  if (restarts) return restarts;
  const sidecars = maxRestarts(b.status.initContainerStatuses) - maxRestarts(a.status.initContainerStatuses);
  if (sidecars) return sidecars;
  return compareAges(a, b, timeToMs(a.metadata.creationTimestamp), timeToMs(b.metadata.creationTimestamp), now);
}

/**
 * The younger first, but ages of the same power of two count as equal and the uid decides: otherwise the same
 * zone's pods, being the youngest, would always go first.
 */
function compareAges(a: Pod, b: Pod, since: number | undefined, other: number | undefined, now: number): number {
  if (since === other) return 0;
  if (since === undefined || other === undefined) return since === undefined ? -1 : 1;
  const difference = magnitude(now - since) - magnitude(now - other);
  if (difference) return difference;
  return a.metadata.uid < b.metadata.uid ? -1 : 1;
}

const magnitude = (ms: number): number => (ms > 0 ? Math.floor(Math.log2(ms * 1e6)) : -1);

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST];
  if (!text || !/^-?(0|[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

const maxRestarts = (statuses: readonly ContainerStatus[] = []): number =>
  statuses.reduce((most, status) => Math.max(most, status.restartCount), 0);
