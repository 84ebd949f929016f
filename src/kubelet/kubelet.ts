import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { nodes, type Pod, pods, type Secret, secrets, type Taint } from '../api/core/v1.gen.ts';
import { isConflict, isNotFound } from '../api/errors.ts';
import type { Client } from '../client/client.ts';
import { Informer } from '../client/informer.ts';
import { createEventRecorder } from '../client/recorder.ts';
import type { Clock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { Refusal } from './allocation/admission.ts';
import { Checkpoints } from './allocation/checkpoints.ts';
import { AllocationManager } from './allocation/manager.ts';
import { KeyedBackoff } from './backoff.ts';
import { PodCgroups } from './cgroups.ts';
import { snapshotterFor } from './containerd/config.ts';
import { type Containerd, startContainerd } from './containerd/containerd.ts';
import { CriClient, rpcMessage } from './cri/client.ts';
import { drainRuntime } from './drain.ts';
import { EvictionManager } from './eviction/manager.ts';
import { measurePods } from './eviction/usage.ts';
import { GarbageCollector } from './gc.ts';
import { ImageVolumes } from './images/image-volumes.ts';
import { ensurePauseImage } from './images/load.ts';
import { ImageManager } from './images/manager.ts';
import { machineResources, observations } from './node/machine.ts';
import { NodeAgent } from './node/node-agent.ts';
import { podUid } from './pods/pod.ts';
import { StatusManager } from './pods/status-manager.ts';
import { PodWorker, type WorkerContext } from './pods/worker.ts';
import { ProbeManager, runProbe } from './probes/manager.ts';
import { RuntimeCache } from './runtime/cache.ts';
import { Executor } from './runtime/executor.ts';
import { resizePod } from './runtime/resizer.ts';
import type { RuntimePod } from './runtime/state.ts';
import type { ContainerRef, KubeletBackend, StartStreamsServer } from './server/types.ts';
import { systemMounter } from './volumes/mounter.ts';
import type { ResolveEnv, VolumeManager } from './volumes/types.ts';

export interface KubeletOptions {
  /** Speaks for the node (system:node:NAME). */
  readonly client: Client;
  readonly nodeName: string;
  /** Addresses of the node, the first for InternalIP and hostIP. */
  readonly nodeIPs: readonly string[];
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly nodeTaints?: readonly Taint[];
  /** Default 110. */
  readonly maxPods?: number;
  /** A runtime that runs already (path of its socket), or what is needed to start one. */
  readonly runtime:
    | { readonly socket: string }
    | {
        /** DATA_DIR/containerd */
        readonly dataDir: string;
        /** For sockets: /run/skiff/... */
        readonly runDir: string;
        readonly cniBinDir: string;
        readonly cniConfDir: string;
      };
  /** DATA_DIR/kubelet: `pods/<uid>/...`. */
  readonly rootDir: string;
  /** Logs of containers: `<logDir>/<namespace>_<pod>_<uid>/<container>/<n>.log`. */
  readonly logDir: string;
  /** Control group above all pods' groups: "/skiff". */
  readonly cgroupRoot: string;
  readonly volumes: VolumeManager;
  readonly resolveEnv: ResolveEnv;
  /** Starts the HTTPS server for logs and streams; its port goes into the Node. */
  readonly startServer?: StartStreamsServer;
  /** Addresses of the cluster's DNS service. */
  readonly clusterDns: readonly string[];
  /** "cluster.local" */
  readonly clusterDomain: string;
  /** Default /etc/resolv.conf. */
  readonly resolvConf?: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

export interface Kubelet {
  readonly backend: KubeletBackend;
  /** Set when the kubelet started the runtime. */
  readonly containerd: Containerd | undefined;
  /** Where the runtime listens, for `loadImage`. */
  readonly socket: string;
  /** Lets go of everything; containers and containerd run on. */
  stop(): Promise<void>;
  /** Ends every pod that the runtime has of this node and takes its remains away; the API is not told. Call after `stop`. */
  drainAll(graceSeconds: number): Promise<void>;
}

const KUBELET_PORT = 10250;
const CRASH_BACKOFF = 10_000;
const LONGEST_CRASH_BACKOFF = 300_000;
const NETWORK_LOOK = 1_000;

/**
 * The node agent. Resolves when containerd answers, the pods that run have been taken over, and the node is being
 * registered; rejects with an Error for people when there is no runtime.
 */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { client, clock, nodeIPs, nodeName, rootDir, logDir, resolveEnv, volumes, random = Math.random } = options;
  const log = options.log.child({ component: 'kubelet' });
  const podsDir = join(rootDir, 'pods');
  for (const dir of [podsDir, logDir]) await mkdir(dir, { recursive: true, mode: 0o750 });

  const containerd =
    'dataDir' in options.runtime ? await startContainerd({ ...options.runtime, clock, log }) : undefined;
  const socket = 'socket' in options.runtime ? options.runtime.socket : (containerd?.socket ?? '');
  const cri = new CriClient(socket);
  const version = await criReady(cri, clock);
  if ('dataDir' in options.runtime) await ensurePauseImage(cri, { socket, dataDir: options.runtime.dataDir });

  const machine = machineResources(rootDir);
  const cgroups = new PodCgroups(options.cgroupRoot, log);
  await cgroups.setUp(machine.milliCpu);
  const recorder = createEventRecorder({ client, component: 'kubelet', host: nodeName, clock, log, random });
  const informer = new Informer(
    client.resource(pods),
    { fieldSelector: `spec.nodeName=${nodeName}` },
    { clock, log, random },
  );
  const ownNode = new Informer(
    client.resource(nodes),
    { fieldSelector: `metadata.name=${nodeName}` },
    { clock, log, random },
  );
  const workers = new Map<string, PodWorker>();
  const listeners = new Map<string, Set<() => void>>();
  const wake = (uid: string) => {
    workers.get(uid)?.wake();
    for (const listener of listeners.get(uid) ?? []) listener();
  };
  const cache = new RuntimeCache({ cri, clock, log, onChange: wake });
  const statuses = new StatusManager(client, clock, log);
  const probes = new ProbeManager({ run: runProbe(cri), recorder, clock, random, onChange: wake });
  const images = new ImageManager({ cri, recorder, clock, pullSecrets: (pod) => pullSecrets(pod) });
  const imageVolumes = new ImageVolumes({
    cri,
    images,
    mounter: systemMounter,
    snapshotter: 'dataDir' in options.runtime ? snapshotterFor(options.runtime.dataDir) : 'overlayfs',
    podsDir,
  });
  const unmount = async (uid: string) => {
    const images = await imageVolumes.mounted(uid);
    await volumes.unmount(uid);
    await imageVolumes.release(uid, images);
  };
  const executor = new Executor({
    cri,
    images,
    recorder,
    resolveEnv,
    clock,
    log,
    settings: {
      clusterDns: options.clusterDns,
      clusterDomain: options.clusterDomain,
      resolvConf: options.resolvConf ?? '/etc/resolv.conf',
      logDir,
    },
    podsDir,
    hostIPs: nodeIPs,
    memoryCapacity: machine.memoryBytes,
    cgroupPath: (pod) => cgroups.path(pod),
  });

  const backend: KubeletBackend = {
    nodeName,
    cri,
    logDir,
    pods: () => [...workers.values()].map((w) => statuses.current(w.pod)),
    pod: (namespace, name) => {
      const pod = informer.store.get(namespace, name);
      return pod && statuses.current(pod);
    },
    container: (pod, name, previous) => containerRef(pod, cache.get(podUid(pod)), name, previous ?? false),
    sandbox: (pod) => cache.get(podUid(pod))?.sandboxes.find((s) => s.ready)?.id,
    onPodChange(uid, changed) {
      const set = listeners.get(uid) ?? new Set();
      listeners.set(uid, set.add(changed));
      return () => {
        set.delete(changed);
        if (set.size === 0 && listeners.get(uid) === set) listeners.delete(uid);
      };
    },
  };
  const server = await options.startServer?.(backend);

  const imageDir = 'dataDir' in options.runtime ? options.runtime.dataDir : rootDir;
  const eviction: EvictionManager = new EvictionManager({
    clock,
    log,
    recorder,
    node: { kind: 'Node', name: nodeName, uid: nodeName },
    observe: () => observations(rootDir, imageDir),
    measure: (pods, disk) => measurePods({ cri, podsDir, logDir }, pods, disk),
    pods: () => [...workers.values()].filter((w) => w.evictable).map((w) => allocation.allocated(w.pod)),
    evict: (pod, message, disruption) => workers.get(podUid(pod))?.evict(message, disruption),
    isPresent: (uid) => workers.get(uid)?.active ?? false,
    reclaimDisk: () => garbage.reclaim(),
  });
  const agent = new NodeAgent({
    client,
    cri,
    recorder,
    clock,
    log,
    eviction,
    node: {
      nodeName,
      hostname: nodeName,
      addresses: nodeIPs,
      labels: options.nodeLabels ?? {},
      taints: options.nodeTaints ?? [],
      port: server?.port ?? KUBELET_PORT,
      maxPods: options.maxPods ?? 110,
      machine,
      runtimeVersion: version,
    },
    onNetworkChange: () => {
      for (const worker of workers.values()) worker.wake();
    },
  });
  const checkpoints = new Checkpoints(podsDir, log);
  const allocation = new AllocationManager({
    clock,
    recorder,
    checkpoints,
    restored: await checkpoints.load(),
    activePods: () => [...workers.values()].filter((w) => w.active).map((w) => statuses.current(w.pod)),
    node: () => ownNode.store.get('', nodeName),
    pressure: (pod) => eviction.refuses(pod),
    onChange: wake,
  });
  const context: WorkerContext = {
    cache,
    executor,
    probes,
    statuses,
    volumes,
    mountImage: (pod, volume) => imageVolumes.mount(pod, volume),
    unmount,
    cgroups,
    allocation,
    admit,
    resize: (pod, plan) =>
      resizePod(
        {
          cri,
          cgroups,
          memoryCapacity: machine.memoryBytes,
          onActuated: (uid, container, amounts) => allocation.setActuated(uid, container, amounts),
        },
        pod,
        plan,
      ),
    crashes: new KeyedBackoff(clock, CRASH_BACKOFF, LONGEST_CRASH_BACKOFF),
    recorder,
    clock,
    log,
    hostIPs: nodeIPs,
    networkError: () => agent.networkError(),
    deletePod,
    onGone: (uid) => {
      images.forget(uid);
      workers.delete(uid);
    },
  };
  const garbage = new GarbageCollector({
    cri,
    cache,
    clock,
    log,
    recorder,
    node: agent.reference(),
    imageDir,
    imageVolumes: () =>
      [...workers.values()]
        .filter((w) => w.active)
        .flatMap(({ pod }) => (pod.spec.volumes ?? []).map((v) => v.image?.reference))
        .filter((reference) => reference !== undefined),
  });

  function track(pod: Pod): void {
    const uid = podUid(pod);
    const worker = workers.get(uid);
    volumes.update(pod);
    if (worker) {
      allocation.update(pod);
      worker.update(pod);
      return;
    }
    const created = new PodWorker(context, pod);
    workers.set(uid, created);
    created.wake();
  }

  async function admit(pod: Pod, runs: boolean): Promise<Refusal | undefined> {
    await ownNode.hasSynced;
    if (runs) allocation.adopt(pod);
    const refusal = allocation.admit(pod);
    if (refusal?.reason !== 'NodeAffinity' && refusal?.reason !== 'InvalidNodeInfo') return refusal;
    // The node's labels may be newer than what has come of them.
    return allocation.admit(pod, await client.resource(nodes).get('', nodeName));
  }

  async function deletePod(pod: Pod): Promise<void> {
    const { namespace = '', name, uid = '' } = pod.metadata;
    try {
      await client.resource(pods).delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  async function pullSecrets(pod: Pod): Promise<Secret[]> {
    const found: Secret[] = [];
    const missing: string[] = [];
    for (const { name = '' } of pod.spec.imagePullSecrets ?? []) {
      try {
        found.push(await client.resource(secrets).get(pod.metadata.namespace ?? '', name));
      } catch {
        missing.push(name);
      }
    }
    if (missing.length) {
      const message = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
      recorder.event(pod, 'Warning', 'FailedToRetrieveImagePullSecret', message);
    }
    return found;
  }

  /** What earlier agents left behind of pods that the server does not know (any more). */
  async function adoptOrphans(): Promise<void> {
    for (const runtime of cache.pods()) {
      if (workers.has(runtime.uid)) continue;
      log.info({ pod: `${runtime.namespace}/${runtime.name}` }, 'removing what is left of a pod that is no more');
      const worker = new PodWorker(context, orphanPod(runtime));
      workers.set(runtime.uid, worker);
      worker.remove();
    }
    for (const uid of await volumes.mountedPods()) if (!workers.has(uid)) await unmount(uid);
    for (const uid of await cgroups.pods()) if (!workers.has(uid)) await cgroups.remove(uid);
  }

  await cache.start();
  const registered = agent.start();
  informer.addHandler({
    onAdd: track,
    onUpdate: (before, pod) => {
      // A pod of the same name made anew between two looks: the old one is gone.
      if (before.metadata.uid !== pod.metadata.uid) workers.get(podUid(before))?.remove();
      track(pod);
    },
    onDelete: (pod) => workers.get(podUid(pod))?.remove(),
  });
  ownNode.start();
  informer.start();
  informer.hasSynced.then(adoptOrphans).catch((error: unknown) => {
    if (!stopped) log.error({ err: error }, 'cannot clean up after an earlier agent');
  });
  garbage.start();
  eviction.start();

  let stopped = false;
  return {
    backend,
    containerd,
    socket,
    async stop() {
      if (stopped) return;
      stopped = true;
      informer.stop();
      ownNode.stop();
      allocation.stop();
      agent.stop();
      garbage.stop();
      eviction.stop();
      probes.stop();
      cache.stop();
      await Promise.all([...workers.values()].map((worker) => worker.stop()));
      statuses.stop();
      await server?.stop();
      await volumes.stop();
      await recorder.stop();
      await registered;
      containerd?.detach();
      cri.close();
    },
    async drainAll(graceSeconds) {
      const own = new CriClient(socket);
      try {
        await drainRuntime(own, clock, graceSeconds, log);
      } finally {
        own.close();
      }
      for (const uid of await volumes.mountedPods()) await volumes.unmount(uid);
      await cgroups.tearDown();
    },
  };
}

/** Waits until the runtime answers; resolves with "containerd://1.6.20". */
async function criReady(cri: CriClient, clock: Clock): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { runtimeName, runtimeVersion } = await cri.version();
      return `${runtimeName}://${runtimeVersion.replace(/^v/, '')}`;
    } catch (error) {
      if (attempt === 30)
        throw new Error(`the container runtime at ${cri.endpoint} does not answer: ${rpcMessage(error)}`);
      await clock.sleep(NETWORK_LOOK);
    }
  }
}

function containerRef(
  pod: Pod,
  runtime: RuntimePod | undefined,
  name: string,
  previous: boolean,
): ContainerRef | undefined {
  const found = runtime?.containers.filter((c) => c.name === name)[previous ? 1 : 0];
  if (!found) return undefined;
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  const spec = [...initContainers, ...containers, ...ephemeralContainers].find((c) => c.name === name);
  const states = {
    created: 'CONTAINER_CREATED',
    running: 'CONTAINER_RUNNING',
    exited: 'CONTAINER_EXITED',
    unknown: 'CONTAINER_UNKNOWN',
  } as const;
  return {
    id: found.id,
    state: states[found.state],
    logPath: found.logPath,
    restartCount: found.restartCount,
    tty: spec?.tty ?? false,
    stdin: spec?.stdin ?? false,
  };
}

/** As much of a pod as the runtime's labels tell. */
function orphanPod(runtime: RuntimePod): Pod {
  const names = [...new Set(runtime.containers.map((c) => c.name))];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: runtime.name,
      namespace: runtime.namespace,
      uid: runtime.uid,
      resourceVersion: '',
      creationTimestamp: '',
    },
    spec: { containers: names.map((name) => ({ name, resources: {} })) },
    status: {},
  };
}
