import {
  Client,
  type ClientReadableStream,
  credentials,
  status as grpcStatus,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import type { MethodDefinition, PackageDefinition } from '@grpc/proto-loader';
import { loadProto } from '../../utils/proto.ts';
import { containerdEventsProto, containerdSnapshotsProto, criProto } from './schema.ts';
import type {
  AuthConfig,
  Container,
  ContainerConfig,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  ExecResult,
  FilesystemUsage,
  Image,
  LinuxContainerResources,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxStatus,
  RuntimeCondition,
  SnapshotMount,
} from './types.ts';

/** The runtime said no, or could not be asked. `message` is the runtime's own, as events and statuses show it. */
export class CriError extends Error {
  /** A gRPC code's name: "NotFound", "Unavailable", "DeadlineExceeded", ... */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'CriError';
    this.code = code;
  }

  /** As Go's gRPC prints it, which is what Kubernetes puts in events: `rpc error: code = NotFound desc = ...`. */
  get rpcMessage(): string {
    return `rpc error: code = ${this.code} desc = ${this.message}`;
  }
}

/** The words of an error for an event or a status. */
export function rpcMessage(error: unknown): string {
  if (error instanceof CriError) return error.rpcMessage;
  return error instanceof Error ? error.message : String(error);
}

export const isCriNotFound = (error: unknown): boolean => error instanceof CriError && error.code === 'NotFound';

export interface LabelFilter {
  readonly id?: string;
  readonly labelSelector?: Readonly<Record<string, string>>;
}

/** Ordinary calls take at most this long (kubelet's --runtime-request-timeout). */
const CALL_TIMEOUT = 120_000;
/** A pull may take as long as it makes progress; containerd itself gives up on one that stands still. */
const PULL_TIMEOUT = 3_600_000;

/** A container runtime, asked over gRPC (CRI v1) on a UNIX socket. Connects lazily and again after a loss. */
export class CriClient {
  readonly endpoint: string;
  readonly #channel: Client;
  readonly #runtime = methods(loadProto('runtime.v1', criProto), 'runtime.v1.RuntimeService');
  readonly #image = methods(loadProto('runtime.v1', criProto), 'runtime.v1.ImageService');
  readonly #events = methods(
    loadProto('containerd.services.events.v1', containerdEventsProto),
    'containerd.services.events.v1.Events',
  );

  readonly #snapshots = methods(
    loadProto('containerd.services.snapshots.v1', containerdSnapshotsProto),
    'containerd.services.snapshots.v1.Snapshots',
  );

  /** `socket` is the path of the runtime's socket. */
  constructor(socket: string) {
    this.endpoint = socket;
    this.#channel = new Client(`unix:${socket}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': 64 * 1024 * 1024,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 3_000,
      'grpc.default_authority': 'localhost',
      'grpc.enable_retries': 0,
    });
  }

  close(): void {
    this.#channel.close();
  }

  version(timeoutMs = 10_000): Promise<{ runtimeName: string; runtimeVersion: string; runtimeApiVersion: string }> {
    return this.#call(this.#runtime, 'Version', { version: 'v1' }, timeoutMs);
  }

  async status(timeoutMs = 10_000): Promise<readonly RuntimeCondition[]> {
    const answer = await this.#call<{ status: { conditions: RuntimeCondition[] } | null }>(
      this.#runtime,
      'Status',
      {},
      timeoutMs,
    );
    return answer.status?.conditions ?? [];
  }

  async runPodSandbox(config: PodSandboxConfig, runtimeHandler: string): Promise<string> {
    const request = { config, runtimeHandler };
    // The network plugins run inside this call; the kubelet gives it twice the ordinary time.
    const answer = await this.#call<{ podSandboxId: string }>(
      this.#runtime,
      'RunPodSandbox',
      request,
      2 * CALL_TIMEOUT,
    );
    return answer.podSandboxId;
  }

  async stopPodSandbox(podSandboxId: string): Promise<void> {
    await this.#call(this.#runtime, 'StopPodSandbox', { podSandboxId });
  }

  async removePodSandbox(podSandboxId: string): Promise<void> {
    await this.#call(this.#runtime, 'RemovePodSandbox', { podSandboxId });
  }

  async podSandboxStatus(podSandboxId: string): Promise<PodSandboxStatus> {
    const answer = await this.#call<{ status: PodSandboxStatus | null }>(this.#runtime, 'PodSandboxStatus', {
      podSandboxId,
    });
    if (!answer.status) throw new CriError('Unknown', `PodSandboxStatus of sandbox "${podSandboxId}" is empty`);
    return answer.status;
  }

  async listPodSandbox(filter: LabelFilter = {}): Promise<readonly PodSandbox[]> {
    const answer = await this.#call<{ items: PodSandbox[] }>(this.#runtime, 'ListPodSandbox', { filter });
    return answer.items;
  }

  async createContainer(
    podSandboxId: string,
    config: ContainerConfig,
    sandboxConfig: PodSandboxConfig,
  ): Promise<string> {
    const request = { podSandboxId, config, sandboxConfig };
    const answer = await this.#call<{ containerId: string }>(this.#runtime, 'CreateContainer', request);
    return answer.containerId;
  }

  async startContainer(containerId: string): Promise<void> {
    await this.#call(this.#runtime, 'StartContainer', { containerId });
  }

  /** Sends the stop signal, and SIGKILL after `timeoutSeconds`; answers when the container has ended. */
  async stopContainer(containerId: string, timeoutSeconds: number): Promise<void> {
    const request = { containerId, timeout: Math.ceil(timeoutSeconds) };
    await this.#call(this.#runtime, 'StopContainer', request, CALL_TIMEOUT + timeoutSeconds * 1000);
  }

  async removeContainer(containerId: string): Promise<void> {
    await this.#call(this.#runtime, 'RemoveContainer', { containerId });
  }

  async listContainers(
    filter: LabelFilter & { readonly state?: { readonly state: ContainerState }; readonly podSandboxId?: string } = {},
  ): Promise<readonly Container[]> {
    const answer = await this.#call<{ containers: Container[] }>(this.#runtime, 'ListContainers', { filter });
    return answer.containers;
  }

  async containerStatus(containerId: string): Promise<ContainerStatus> {
    const answer = await this.#call<{ status: ContainerStatus | null }>(this.#runtime, 'ContainerStatus', {
      containerId,
    });
    if (!answer.status) throw new CriError('Unknown', `ContainerStatus of container "${containerId}" is empty`);
    return answer.status;
  }

  async updateContainerResources(containerId: string, linux: LinuxContainerResources): Promise<void> {
    await this.#call(this.#runtime, 'UpdateContainerResources', { containerId, linux });
  }

  async reopenContainerLog(containerId: string): Promise<void> {
    await this.#call(this.#runtime, 'ReopenContainerLog', { containerId });
  }

  /** Runs a command in a container to its end. `timeoutSeconds` 0 is no limit but that of the call. */
  execSync(containerId: string, cmd: readonly string[], timeoutSeconds: number): Promise<ExecResult> {
    const request = { containerId, cmd, timeout: Math.ceil(timeoutSeconds) };
    // The runtime kills the command in time; the call's own deadline is the backstop for a runtime that hangs.
    return this.#call(this.#runtime, 'ExecSync', request, (timeoutSeconds || 3600) * 1000 + CALL_TIMEOUT);
  }

  /** URLs of a streaming server in the runtime, good for one connection. */
  async exec(request: {
    readonly containerId: string;
    readonly cmd: readonly string[];
    readonly tty: boolean;
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  }): Promise<string> {
    return (await this.#call<{ url: string }>(this.#runtime, 'Exec', request)).url;
  }

  async attach(request: {
    readonly containerId: string;
    readonly tty: boolean;
    readonly stdin: boolean;
    readonly stdout: boolean;
    readonly stderr: boolean;
  }): Promise<string> {
    return (await this.#call<{ url: string }>(this.#runtime, 'Attach', request)).url;
  }

  async portForward(podSandboxId: string, port: readonly number[]): Promise<string> {
    return (await this.#call<{ url: string }>(this.#runtime, 'PortForward', { podSandboxId, port })).url;
  }

  async listContainerStats(): Promise<readonly ContainerStats[]> {
    return (await this.#call<{ stats: ContainerStats[] }>(this.#runtime, 'ListContainerStats', {})).stats;
  }

  async listImages(): Promise<readonly Image[]> {
    return (await this.#call<{ images: Image[] }>(this.#image, 'ListImages', {})).images;
  }

  /** undefined when the image is not on the node. */
  async imageStatus(image: string): Promise<Image | undefined> {
    const answer = await this.#call<{ image: Image | null }>(this.#image, 'ImageStatus', { image: { image } });
    return answer.image ?? undefined;
  }

  /** What the files of all of an image's layers together are known by ("sha256:..."). Rejects where there is no such image. */
  async imageChain(image: string): Promise<string> {
    const request = { image: { image }, verbose: true };
    const { info } = await this.#call<{ info: Record<string, string> }>(this.#image, 'ImageStatus', request);
    const { chainID } = JSON.parse(info.info ?? '{}') as { readonly chainID?: unknown }; // checked below
    if (typeof chainID !== 'string') throw new CriError('NotFound', `the layers of image "${image}" are not known`);
    return chainID;
  }

  /** Shows what is known by `parent` under a key of its own, until that is removed; answers how to mount it. */
  async viewSnapshot(snapshotter: string, key: string, parent: string): Promise<readonly SnapshotMount[]> {
    // Without the label the snapshot is garbage as soon as it is made.
    const labels = { 'containerd.io/gc.root': new Date().toISOString() };
    const asked = { snapshotter, key };
    try {
      return (await this.#containerd<{ mounts: SnapshotMount[] }>('View', { ...asked, parent, labels })).mounts;
    } catch (error) {
      if (!(error instanceof CriError) || error.code !== 'AlreadyExists') throw error;
      return (await this.#containerd<{ mounts: SnapshotMount[] }>('Mounts', asked)).mounts;
    }
  }

  async removeSnapshot(snapshotter: string, key: string): Promise<void> {
    await this.#containerd('Remove', { snapshotter, key }).catch((error: unknown) => {
      if (!isCriNotFound(error)) throw error;
    });
  }

  /** Answers with the reference of the image ("sha256:..."). */
  async pullImage(image: string, auth: AuthConfig | undefined, sandboxConfig?: PodSandboxConfig): Promise<string> {
    const request = { image: { image }, auth, sandboxConfig };
    return (await this.#call<{ imageRef: string }>(this.#image, 'PullImage', request, PULL_TIMEOUT)).imageRef;
  }

  async removeImage(image: string): Promise<void> {
    await this.#call(this.#image, 'RemoveImage', { image: { image } });
  }

  async imageFsInfo(): Promise<readonly FilesystemUsage[]> {
    return (await this.#call<{ imageFilesystems: FilesystemUsage[] }>(this.#image, 'ImageFsInfo', {})).imageFilesystems;
  }

  /** containerd's own events; `ended` is called once. */
  subscribeEvents(
    filters: readonly string[],
    onEvent: (event: { namespace: string; topic: string; event: { value: Buffer } | null }) => void,
    ended: (error?: Error) => void,
  ): () => void {
    const method = this.#events.Subscribe as MethodDefinition<object, object>;
    const stream: ClientReadableStream<object> = this.#channel.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      { filters },
    );
    let done = false;
    const finish = (error?: Error) => {
      if (done) return;
      done = true;
      ended(error);
    };
    // The cast names what the schema above makes of an Envelope.
    stream.on('data', (m) => onEvent(m as { namespace: string; topic: string; event: { value: Buffer } | null }));
    stream.on('error', finish);
    stream.on('end', () => finish());
    return () => stream.cancel();
  }

  /** Asks for snapshots of those that the CRI plugin keeps. */
  #containerd<R>(name: string, request: object): Promise<R> {
    const metadata = new Metadata();
    metadata.set('containerd-namespace', 'k8s.io');
    return this.#call(this.#snapshots, name, request, CALL_TIMEOUT, metadata);
  }

  #call<R>(
    service: Methods,
    name: string,
    request: object,
    timeoutMs = CALL_TIMEOUT,
    metadata = new Metadata(),
  ): Promise<R> {
    const method = service[name] as MethodDefinition<object, object>;
    return new Promise((resolve, reject) => {
      this.#channel.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadata,
        { deadline: Date.now() + timeoutMs },
        // The cast says what the schema makes of the answer; the types of cri/types.ts mirror it.
        (error: ServiceError | null, answer?: object) => (error ? reject(criError(error)) : resolve(answer as R)),
      );
    });
  }
}

type Methods = Readonly<Record<string, MethodDefinition<object, object>>>;

function methods(loaded: PackageDefinition, service: string): Methods {
  return loaded[service] as unknown as Methods; // proto-loader types services and messages as one union
}

const codeNames = new Map(
  Object.entries(grpcStatus)
    .filter(([, v]) => typeof v === 'number')
    .map(([name, code]) => [code as number, goName(name)]),
);

/** NOT_FOUND -> NotFound, OK -> OK. */
function goName(name: string): string {
  if (name === 'CANCELLED') return 'Canceled';
  return name === 'OK'
    ? name
    : name
        .toLowerCase()
        .split('_')
        .map((w) => w.charAt(0).toUpperCase() + w.slice(1))
        .join('');
}

function criError(error: ServiceError): CriError {
  return new CriError(codeNames.get(error.code) ?? 'Unknown', error.details || error.message);
}
