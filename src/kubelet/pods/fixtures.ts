import type { Container, Pod, PodSpec } from '../../api/core/v1.gen.ts';
import { containerHash } from '../runtime/labels.ts';
import type { RuntimeContainer, RuntimePod, RuntimeSandbox } from '../runtime/state.ts';

/** Made-up pods and what a runtime might have of them, for tests. */
export const START = Date.UTC(2026, 0, 1);

export const container = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: 'busybox',
  resources: {},
  ...more,
});

export function pod(spec: Partial<PodSpec> = {}, more: Partial<Pod['metadata']> = {}, status: Pod['status'] = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      namespace: 'ns',
      uid: 'u1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...more,
    },
    spec: { containers: [container('a')], restartPolicy: 'Always', nodeName: 'n', ...spec },
    status,
  };
}

let serial = 0;

export function instance(
  of: Container,
  state: RuntimeContainer['state'],
  more: Partial<RuntimeContainer> = {},
): RuntimeContainer {
  serial++;
  return {
    id: `c${serial}`,
    name: of.name,
    sandboxId: 's0',
    state,
    restartCount: 0,
    hash: containerHash(of),
    createdAt: START + serial,
    startedAt: START + serial,
    finishedAt: state === 'exited' ? START + serial + 1000 : 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'docker.io/library/busybox:latest',
    imageId: 'sha256:1',
    logPath: '',
    graceSeconds: undefined,
    ...more,
  };
}

export const sandbox = (more: Partial<RuntimeSandbox> = {}): RuntimeSandbox => ({
  id: 's0',
  attempt: 0,
  ready: true,
  createdAt: START,
  ips: ['10.0.0.5'],
  ...more,
});

/** Containers newest first, as the cache has them. */
export const runtime = (
  containers: readonly RuntimeContainer[],
  sandboxes: readonly RuntimeSandbox[] = [sandbox()],
): RuntimePod => ({ uid: 'u1', namespace: 'ns', name: 'p', sandboxes, containers });
