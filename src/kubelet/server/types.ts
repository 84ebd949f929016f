import type { Pod } from '../../api/core/v1.gen.ts';
import type { CriClient } from '../cri/client.ts';

/** A container as the servers of logs and streams find it. */
export interface ContainerRef {
  /** The runtime's id, without "containerd://". */
  readonly id: string;
  readonly state: 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';
  /** The CRI log file of this instance; rotated siblings are `<logPath>.<timestamp>`. */
  readonly logPath: string;
  readonly restartCount: number;
  readonly tty: boolean;
  readonly stdin: boolean;
}

/** What the kubelet's server (logs, exec, attach, port-forward, /pods, /stats) may ask of the kubelet. */
export interface KubeletBackend {
  readonly nodeName: string;
  readonly cri: CriClient;
  /** Root of the logs of containers: `<logDir>/<ns>_<pod>_<uid>/<container>/<n>.log`. */
  readonly logDir: string;
  /** Pods bound to this node, with their newest status. */
  pods(): readonly Pod[];
  pod(namespace: string, name: string): Pod | undefined;
  /** The newest instance of a container (init, ephemeral or ordinary), or the one before it. */
  container(pod: Pod, container: string, previous?: boolean): ContainerRef | undefined;
  /** The id of the pod's ready sandbox, for port-forward. */
  sandbox(pod: Pod): string | undefined;
  /** Calls back whenever something about the pod's containers has changed; returns the function that stops it. */
  onPodChange(uid: string, changed: () => void): () => void;
}

/** As much of it as the server uses. */
export interface ServerBackend extends Omit<KubeletBackend, 'cri'> {
  readonly cri: Pick<CriClient, 'exec' | 'attach' | 'portForward' | 'execSync' | 'listContainerStats'>;
}

/** What the other half of the kubelet gives: an HTTPS server that is listening. */
export interface StreamsServer {
  readonly port: number;
  stop(): Promise<void>;
}

export type StartStreamsServer = (backend: ServerBackend) => Promise<StreamsServer>;
