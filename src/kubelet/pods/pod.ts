import type { Container, EphemeralContainer, Pod } from '../../api/core/v1.gen.ts';
import type { RuntimeContainer } from '../runtime/state.ts';

export type AnyContainer = Container | EphemeralContainer;

/** "name_namespace(uid)": how the kubelet's messages name a pod. */
export function podDescription(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
}

export const podUid = (pod: Pod): string => pod.metadata.uid ?? '';

/** Init containers that go on running beside the others (sidecars). */
export const isSidecar = (container: AnyContainer): boolean =>
  'restartPolicy' in container && container.restartPolicy === 'Always';

export function allContainers(pod: Pod): readonly AnyContainer[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  return [...initContainers, ...containers, ...ephemeralContainers];
}

export function containerSpec(pod: Pod, name: string): AnyContainer | undefined {
  return allContainers(pod).find((c) => c.name === name);
}

/** Where events about a container point: `spec.containers{name}`. */
export function containerFieldPath(pod: Pod, name: string): string {
  const within = (list: readonly { readonly name: string }[] | undefined) => list?.some((c) => c.name === name);
  const field = within(pod.spec.initContainers)
    ? 'initContainers'
    : within(pod.spec.ephemeralContainers)
      ? 'ephemeralContainers'
      : 'containers';
  return `spec.${field}{${name}}`;
}

/** The pod has said its last word: nothing of it will run again. */
export const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/**
 * Whether a container that exited is to run again, by the container's own rules, its own policy, or the pod's.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#individual-container-restart-policy-and-rules
 */
export function restartsAfterExit(pod: Pod, container: AnyContainer, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const { operator, values = [] } = rule.exitCodes ?? { operator: 'In' };
    const matches = operator === 'NotIn' ? !values.includes(exitCode) : values.includes(exitCode);
    if (matches && rule.action === 'Restart') return true;
  }
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

/** The same for a container that is there in whatever state, or not at all. */
export function shouldStart(pod: Pod, container: AnyContainer, status: RuntimeContainer | undefined): boolean {
  if (pod.metadata.deletionTimestamp) return false;
  if (!status) return true;
  if (status.state === 'running') return false;
  if (status.state !== 'exited') return true;
  return restartsAfterExit(pod, container, status.exitCode);
}

/** What the node (or the cluster) cannot do without. */
export const isCritical = (pod: Pod): boolean =>
  (pod.spec.priority ?? 0) >= 2_000_000_000 || pod.metadata.annotations?.['kubernetes.io/config.source'] === 'file';
