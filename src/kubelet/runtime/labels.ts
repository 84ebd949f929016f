import type { Container, EphemeralContainer, Pod } from '../../api/core/v1.gen.ts';

/** The kubelet's own labels and annotations on sandboxes and containers; other tools (crictl, cAdvisor) read them. */
export const labels = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

export const annotations = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  terminationGracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  /** Where on the node the container's termination message is written. */
  terminationMessageFile: 'skiff.dev/termination-message-file',
} as const;

export function podLabels(pod: Pod): Record<string, string> {
  return {
    [labels.podName]: pod.metadata.name,
    [labels.podNamespace]: pod.metadata.namespace ?? '',
    [labels.podUid]: pod.metadata.uid ?? '',
  };
}

/** FNV-1, 32 bits, in hexadecimal: what changes when the container must be made anew (its name and image). */
export function containerHash(container: Container | EphemeralContainer): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify({ image: container.image, name: container.name }))) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
