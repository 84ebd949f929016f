import type { Pod, Volume } from '../../api/core/v1.gen.ts';

/** One bind mount of a container, in the runtime's terms. */
export interface ContainerMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readonly: boolean;
  readonly propagation: 'PROPAGATION_PRIVATE' | 'PROPAGATION_HOST_TO_CONTAINER' | 'PROPAGATION_BIDIRECTIONAL';
}

/** One block device that a container is given (`volumeDevices`). */
export interface ContainerDevice {
  readonly hostPath: string;
  readonly containerPath: string;
  /** Of "rwm". */
  readonly permissions: string;
}

/** A pod's volumes, once all of them are set up on the node. */
export interface PodVolumes {
  /**
   * The mounts of one container (init, ephemeral or ordinary), in the order of its volumeMounts; made anew for every
   * start, since sub-paths are resolved, checked and made at that moment. `env` is for `subPathExpr`.
   * Rejects with `ContainerConfigError` when a mount cannot be made (CreateContainerConfigError).
   */
  mountsFor(
    container: string,
    env: ReadonlyMap<string, string>,
  ): Promise<{ readonly mounts: readonly ContainerMount[]; readonly devices: readonly ContainerDevice[] }>;
  /** Supplemental groups that the volumes ask for (fsGroup is added by the kubelet itself). */
  readonly groups?: readonly number[];
}

/** Makes the files of an image volume appear; answers with their directory. */
export type MountImage = (pod: Pod, volume: Volume) => Promise<string>;

/**
 * Sets up and tears down the volumes of pods, and keeps the live ones (configMap, secret, projected, downwardAPI)
 * current by itself. Level-triggered: `mount` of what is mounted already answers at once; after a restart of the
 * agent it takes over what it finds on disk.
 */
export interface VolumeManager {
  /**
   * Rejects with an Error whose message is that of the FailedMount event when a volume cannot be set up (yet); the
   * caller tries again with backoff.
   */
  mount(pod: Pod, signal: AbortSignal, images: MountImage): Promise<PodVolumes>;
  /**
   * The pod has changed, or is seen for the first time: files that show its labels or annotations follow, and the
   * files of a pod that has run since before the agent are taken over.
   */
  update(pod: Pod): void;
  /** Takes all volumes of a pod down and removes its directory; of an unknown pod: nothing. */
  unmount(podUid: string): Promise<void>;
  /** The uids of pods that have something left on disk (for cleaning up after a restart). */
  mountedPods(): Promise<readonly string[]>;
  /** Stops live updates; leaves mounts as they are. */
  stop(): Promise<void>;
}

/** Variables of a container in order, and the same as `$(NAME)` sees them. */
export type ResolveEnv = (
  pod: Pod,
  /** Name of an init, ephemeral or ordinary container. */
  container: string,
  addresses: { readonly podIPs: readonly string[]; readonly hostIPs: readonly string[] },
) => Promise<ReadonlyMap<string, string>>;

/**
 * A container cannot be configured as its pod asks: a missing secret or key, a bad sub-path. Shows as waiting with
 * reason CreateContainerConfigError and as the event Failed "Error: <message>"; tried again on the next sync.
 */
export class ContainerConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ContainerConfigError';
  }
}
