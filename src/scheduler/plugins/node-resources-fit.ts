import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { type AnyPlugin, maxNodeScore, type Status } from '../framework/types.ts';

const plugin = 'NodeResourcesFit';

/** Statuses are shared: the same few reasons come up for thousands of nodes. */
const refusals = new Map<string, Status>();
function refuse(reasons: readonly string[], resolvable: boolean): Status {
  const key = `${resolvable}${reasons.join()}`;
  let status = refusals.get(key);
  if (!status) {
    status = { code: resolvable ? 'Unschedulable' : 'UnschedulableAndUnresolvable', plugin, reasons };
    if (refusals.size < 1000) refusals.set(key, status);
  }
  return status;
}

/** Whether a node has room for what the pod asks for; ranks emptier nodes higher (LeastAllocated). */
export const nodeResourcesFit = {
  name: plugin,
  events: ['Node/Add', 'Node/UpdateAllocatable', 'AssignedPod/Delete', 'AssignedPod/Update'],
  filter(_state, pod, node) {
    return fits(pod, node) ? undefined : explain(pod, node);
  },
  score(_state, pod, nodes, scores) {
    const { milliCpu, memory } = pod.nonZero;
    for (let i = 0; i < nodes.length; i++) {
      const { allocatable, nonZero } = nodes[i] as NodeInfo;
      scores[i] = Math.trunc(
        (leastRequested(nonZero.milliCpu + milliCpu, allocatable.milliCpu) +
          leastRequested(nonZero.memory + memory, allocatable.memory)) /
          2,
      );
    }
  },
} satisfies AnyPlugin;

function fits({ requests }: PodInfo, { allocatable, requested, pods, allowedPods }: NodeInfo): boolean {
  if (pods.size + 1 > allowedPods) return false;
  if (requests.milliCpu > 0 && requests.milliCpu > allocatable.milliCpu - requested.milliCpu) return false;
  if (requests.memory > 0 && requests.memory > allocatable.memory - requested.memory) return false;
  if (
    requests.ephemeralStorage > 0 &&
    requests.ephemeralStorage > allocatable.ephemeralStorage - requested.ephemeralStorage
  )
    return false;
  if (!requests.scalar) return true;
  for (const [name, amount] of requests.scalar) {
    if (amount > 0 && amount > (allocatable.scalar?.get(name) ?? 0) - (requested.scalar?.get(name) ?? 0)) return false;
  }
  return true;
}

/** Every resource that falls short, in Kubernetes' order. */
function explain({ requests }: PodInfo, { allocatable, requested, pods, allowedPods }: NodeInfo): Status {
  const reasons: string[] = [];
  // What does not fit an empty node does not fit after evictions either.
  let resolvable = true;
  const check = (name: string, want: number, all: number, used: number) => {
    if (want === 0 || want <= all - used) return;
    reasons.push(`Insufficient ${name}`);
    if (want > all) resolvable = false;
  };
  if (pods.size + 1 > allowedPods) reasons.push('Too many pods');
  check('cpu', requests.milliCpu, allocatable.milliCpu, requested.milliCpu);
  check('memory', requests.memory, allocatable.memory, requested.memory);
  check('ephemeral-storage', requests.ephemeralStorage, allocatable.ephemeralStorage, requested.ephemeralStorage);
  for (const [name, want] of requests.scalar ?? []) {
    check(name, want, allocatable.scalar?.get(name) ?? 0, requested.scalar?.get(name) ?? 0);
  }
  return refuse(reasons, resolvable);
}

function leastRequested(requested: number, capacity: number): number {
  return capacity === 0 || requested > capacity ? 0 : Math.trunc(((capacity - requested) * maxNodeScore) / capacity);
}
