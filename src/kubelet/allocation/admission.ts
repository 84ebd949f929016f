import type { Node, Pod } from '../../api/core/v1.gen.ts';
import { requiredNodes } from '../../api/node-affinity.ts';
import { podTotals } from '../../api/pod-resources.ts';
import { untolerated } from '../../api/tolerations.ts';
import { NodeInfo } from '../../scheduler/cache/node-info.ts';
import { podInfo } from '../../scheduler/framework/pod-info.ts';
import { compareQuantities } from '../../schema/quantity.ts';

/** Why the node cannot take a pod, in the kubelet's words. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/**
 * Whether a node has what a pod asks for, beside the pods that it has granted room already: the kubelet's own look,
 * since more than one scheduler may bind pods to it, and clients may. `others` are as they have been granted.
 * https://kubernetes.io/docs/reference/node/
 */
export function checkNode(pod: Pod, others: readonly Pod[], node: Node): Refusal | undefined {
  const os = pod.metadata.labels?.['kubernetes.io/os'];
  if (os !== undefined && os !== 'linux') {
    const message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
    return { reason: 'PodOSSelectorNodeLabelDoesNotMatch', message };
  }
  if (pod.spec.os && pod.spec.os.name !== 'linux') {
    const message = "Failed to admit pod as the OS field doesn't match node OS";
    return { reason: 'PodOSNotSupported', message };
  }
  if (
    pod.spec.securityContext?.supplementalGroupsPolicy === 'Strict' &&
    !node.status.features?.supplementalGroupsPolicy
  ) {
    const message = 'SupplementalGroupsPolicy=Strict is not supported in this node';
    return { reason: 'SupplementalGroupsPolicyNotSupported', message };
  }
  const info = new NodeInfo(node.metadata.name);
  info.setNode(node);
  for (const other of others) info.addPod(podInfo(withActual(other)));
  return checkRoom(pod, info) ?? checkPredicates(pod, info, node);
}

function checkRoom(pod: Pod, info: NodeInfo): Refusal | undefined {
  const short = (resource: string, requested: number, used: number, capacity: number): Refusal => ({
    reason: `OutOf${resource}`,
    message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  });
  if (info.pods.size + 1 > info.allowedPods) return short('pods', 1, info.pods.size, info.allowedPods);
  const { allocatable, requested } = info;
  const { requests } = podInfo(pod);
  for (const [name, want, used, all] of [
    ['cpu', requests.milliCpu, requested.milliCpu, allocatable.milliCpu],
    ['memory', requests.memory, requested.memory, allocatable.memory],
    ['ephemeral-storage', requests.ephemeralStorage, requested.ephemeralStorage, allocatable.ephemeralStorage],
  ] as const) {
    if (want > 0 && want > all - used) return short(name, want, used, all);
  }
  for (const [name, want] of requests.scalar ?? []) {
    const all = allocatable.scalar?.get(name);
    // What the node does not know of is counted by whoever offers it.
    if (all === undefined && isExtendedResource(name)) continue;
    const used = requested.scalar?.get(name) ?? 0;
    if (want > 0 && want > (all ?? 0) - used) return short(name, want, used, all ?? 0);
  }
  return undefined;
}

function checkPredicates(pod: Pod, info: NodeInfo, node: Node): Refusal | undefined {
  const failed = (predicate: string, why: string): Refusal => ({
    reason: predicate,
    message: `Predicate ${predicate} failed: ${why}`,
  });
  const matches = requiredNodes(pod.spec);
  if (matches && !matches(node)) return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  if (pod.spec.nodeName !== node.metadata.name) {
    return failed('NodeName', "node(s) didn't match the requested node name");
  }
  if (podInfo(pod).hostPorts.some((port) => info.portTaken(port))) {
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  }
  if (untolerated(node.spec.taints, pod.spec.tolerations, ['NoExecute'])) {
    return failed('TaintToleration', "node(s) had taints that the pod didn't tolerate");
  }
  return undefined;
}

/** Resources that somebody else brought to the cluster. */
const isExtendedResource = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/');

/** A pod that counts for what its containers still have where they are being made smaller. */
function withActual(pod: Pod): Pod {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  let changed = false;
  const counted = (container: Pod['spec']['containers'][number]): Pod['spec']['containers'][number] => {
    const actual = statuses.find(({ name }) => name === container.name)?.resources?.requests;
    const granted = container.resources?.requests;
    if (!actual || !granted) return container;
    const requests: Record<string, string> = { ...granted };
    for (const [name, amount] of Object.entries(actual)) {
      if (Object.hasOwn(requests, name) && compareQuantities(amount, requests[name] ?? '0') <= 0) continue;
      requests[name] = amount;
      changed = true;
    }
    return { ...container, resources: { ...container.resources, requests } };
  };
  const containers = pod.spec.containers.map(counted);
  const initContainers = pod.spec.initContainers?.map(counted);
  if (!changed) return pod;
  return { ...pod, spec: { ...pod.spec, containers, ...(initContainers && { initContainers }) } };
}

/** Whether a pod asks for more CPU or memory than another look of it does. */
export function asksForMore(pod: Pod, than: Pod): boolean {
  const [now, before] = [podTotals(pod.spec, 'requests'), podTotals(than.spec, 'requests')];
  return (['cpu', 'memory'] as const).some((name) => compareQuantities(now[name] ?? '0', before[name] ?? '0') > 0);
}
