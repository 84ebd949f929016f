/**
 * What the runtime has of a pod: the kubelet's own picture, from which decisions and statuses are made. Times are
 * milliseconds since the epoch, 0 where it has not happened.
 */
export interface RuntimePod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Newest first. */
  readonly sandboxes: readonly RuntimeSandbox[];
  /** Newest first. */
  readonly containers: readonly RuntimeContainer[];
}

export interface RuntimeSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAt: number;
  /** Empty for pods on the host's network. */
  readonly ips: readonly string[];
}

export type RuntimeContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface RuntimeContainer {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: RuntimeContainerState;
  readonly restartCount: number;
  /** Of what cannot change without a restart; see `containerHash`. */
  readonly hash: string;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  /** The runtime's words, or the container's termination message. */
  readonly message: string;
  /** As the runtime resolved it: a name with tag. */
  readonly image: string;
  readonly imageId: string;
  readonly logPath: string;
  /** Seconds, as the pod asked when the container was made. */
  readonly graceSeconds: number | undefined;
  /** What the runtime has set for it; undefined: it does not tell. CPU in thousandths, memory in bytes. */
  readonly resources?: {
    readonly cpuRequest: number | undefined;
    readonly cpuLimit: number | undefined;
    readonly memoryLimit: number | undefined;
  };
}

/** The newest instance of a container. */
export function findContainer(pod: RuntimePod | undefined, name: string): RuntimeContainer | undefined {
  return pod?.containers.find((c) => c.name === name);
}

/** Everything that the runtime has of the pod is at rest. */
export function isStopped(pod: RuntimePod | undefined): boolean {
  return (
    !pod ||
    (pod.sandboxes.every((s) => !s.ready) && pod.containers.every((c) => c.state === 'exited' || c.state === 'created'))
  );
}
